import { rm } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { openHubEngine } from '../faults/hub-engine.fixture.ts'

const REPO = { id: 'org/a', files: [{ path: 'config.json', content: '{}' }] }

it('answers with the complete job while its host does not answer', async () => {
  await using w = await openHubEngine()
  await w.hub.addRepo(REPO)
  const { id } = await w.pullOnce('org/a')
  await w.hub.close()
  const again = await w.engine.downloads.create({ ref: 'org/a' })
  expect(again).toMatchObject({ created: false, download: { id, state: 'completed' } })
  expect((await w.engine.downloads.list({ limit: 9 })).items).toHaveLength(1)
  // What is no longer whole is fetched, as soon as somebody answers.
  await rm(w.cache, { recursive: true })
  expect(await w.engine.downloads.create({ ref: 'org/a' })).toMatchObject({ created: true })
})

it('makes a new job of a revision in which nothing is left of what was selected', async () => {
  await using w = await openHubEngine()
  await w.hub.addRepo(REPO)
  const request = { ref: 'org/a', include: ['*.json'] }
  const { download } = await w.engine.downloads.create(request)
  await w.reaches(download.id, 'completed')
  await w.hub.commit({
    id: 'org/a',
    files: [{ path: 'new.txt', content: 'new' }],
    remove: ['config.json'],
  })
  const again = await w.engine.downloads.create(request)
  expect(again.created).toBe(true)
  const failed = await w.reaches(again.download.id, 'completed', 'failed', 'blocked')
  expect(failed).toMatchObject({ reason: { code: 'NOTHING_SELECTED' } })
})
