import { readdir, rm, truncate, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openHubEngine } from '../faults/hub-engine.fixture.ts'
import { never } from '../stores/hub-cache/testing/pull-case.ts'
import {
  addTwoRevisions,
  completed,
  NEW_BYTES,
  OLD_BYTES,
  pullTwoRevisions,
  received,
  SHARED_BYTES,
} from './two-revisions-fixture.ts'

const REPO = 'hf/hub/models--org--name'
const signal = never

type Damage = (repo: string, commit: string) => Promise<void>

it('is empty without a cache, and asks nobody', async () => {
  await using world = await openHubEngine()
  const { engine, hub, dir } = world
  expect(await engine.models.list()).toEqual({ models: [], repos: [], size_bytes: 0, warnings: [] })
  const space = await engine.models.space()
  expect(space).toMatchObject({ cache_size_bytes: 0, cache_path: dir.join('hf/hub') })
  expect(space.available_bytes).toBeGreaterThan(0)
  expect(hub.log).toEqual([])
})

it('shows every revision with refs and sizes, and counts shared bytes once', async () => {
  await using world = await openHubEngine()
  const commits = await pullTwoRevisions(world)
  world.hub.clearLog()
  const { models, repos, size_bytes, warnings } = await world.engine.models.list()
  expect(
    models.map(({ model, refs, size_bytes: size, status, files }) => [
      model.hf_commit,
      refs,
      size,
      status,
      files,
    ]),
  ).toEqual(
    expect.arrayContaining([
      [commits.old, ['old'], OLD_BYTES + SHARED_BYTES, 'DOWNLOADED', 2],
      [commits.main, ['main'], NEW_BYTES + SHARED_BYTES, 'DOWNLOADED', 3],
    ]),
  )
  expect(models).toHaveLength(2)
  const total = OLD_BYTES + NEW_BYTES + SHARED_BYTES
  expect(repos).toMatchObject([{ hf_repo: 'org/name', size_bytes: total, files: 4 }])
  expect([size_bytes, warnings]).toEqual([total, []])
  expect(world.hub.log).toEqual([])
  const { cache_size_bytes: bytes } = await world.engine.models.space()
  // With listings, refs, locks and the tag.
  expect(bytes).toBeGreaterThan(total)
  expect(bytes).toBeLessThan(total + 5_000)
})

it.for([
  ['a file is gone', (repo, commit) => unlink(join(repo, 'snapshots', commit, 'config.json')), 1],
  ['a link leads nowhere', (repo) => rm(join(repo, 'blobs'), { recursive: true }), 3],
  ['a file has lost its end', cutWeights, 2],
] as const satisfies readonly (readonly [string, Damage, number])[])(
  'is PARTIAL, offline too, when %s',
  async ([, damage, missing]) => {
    await using world = await openHubEngine()
    const { main } = await pullTwoRevisions(world)
    await damage(world.dir.join(REPO), main)
    world.hub.clearLog()
    const { models } = await world.engine.models.list()
    const found = models.find(({ model }) => model.hf_commit === main)
    expect(found).toMatchObject({ status: 'PARTIAL', files_missing: missing })
    expect(found?.error_message).toContain(`${missing} of 3 files`)
    const query = { hf_repo: 'org/name' }
    expect((await world.engine.models.status(query, { signal })).status).toBe('PARTIAL')
    expect(world.hub.log).toEqual([])
  },
)

async function cutWeights(repo: string): Promise<void> {
  for (const name of await readdir(join(repo, 'blobs'))) {
    if (name.length === 64) await truncate(join(repo, 'blobs', name), 5)
  }
}

it('asks the Hub for a listing that the cache has not, and tells what it compared with', async () => {
  await using world = await openHubEngine()
  const { main } = await pullTwoRevisions(world)
  await rm(world.dir.join(REPO, 'trees'), { recursive: true })
  await unlink(world.dir.join(REPO, 'snapshots', main, 'config.json'))
  const [listed] = (await world.engine.models.list()).models.filter(
    ({ refs }) => refs[0] === 'main',
  )
  expect(listed).toMatchObject({ status: 'DOWNLOADED', checked_against: null, files_total: null })
  const asked = await world.engine.models.status({ hf_repo: 'org/name' }, { signal })
  expect(asked).toMatchObject({ status: 'PARTIAL', checked_against: 'hub', files_missing: 1 })
})

it('knows a model by commit, branch, address and type, and what is not there', async () => {
  await using world = await openHubEngine()
  const { old, main } = await pullTwoRevisions(world)
  const { status } = world.engine.models
  const commitOf = async (hf_repo: string, hf_commit?: string) =>
    (await status({ hf_repo, hf_commit }, { signal })).model.hf_commit
  expect(await commitOf('org/name')).toBe(main)
  expect(await commitOf('org/name', 'old')).toBe(old)
  expect(await commitOf('org/name', old)).toBe(old)
  expect(await commitOf(`${world.hub.endpoint}/org/name/tree/old`)).toBe(old)
  for (const hf_repo of ['org/none', 'datasets/org/name', 'gpt2']) {
    const none = await status({ hf_repo }, { signal })
    expect(none).toMatchObject({ status: 'NOT_FOUND', progress: null, path: null, files: 0 })
    expect(none.model.hf_repo).toBe(hf_repo)
  }
  for (const hf_repo of ['org/name:Q4', 'hf://org/name/config.json', 'a b', 'https://x.test/a']) {
    await expect(status({ hf_repo }, { signal })).rejects.toMatchObject({ code: 'REF_INVALID' })
  }
})

it('follows a download from its start over a pause to its end', async () => {
  await using world = await openHubEngine()
  await addTwoRevisions(world)
  world.hub.setCdnRate(300_000)
  const { models } = world.engine
  const query = { hf_repo: 'org/name' }
  const started = await models.download(query, { signal })
  if (started.task_id === null) expect.unreachable()
  await received(world, started.task_id)
  const moving = await models.status(query, { signal })
  expect(moving).toMatchObject({ status: 'DOWNLOADING', download_id: started.task_id })
  expect(moving.progress?.received_bytes).toBeGreaterThan(0)
  expect(moving.progress?.start_time).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/)
  expect((await models.list()).models.map(({ status }) => status)).toEqual(['DOWNLOADING'])
  await expect(models.download(query, { signal })).rejects.toMatchObject({
    code: 'ALREADY_DOWNLOADING',
    status: 409,
    facts: { task_id: started.task_id },
  })
  await models.pause(started.task_id)
  expect(await models.status(query, { signal })).toMatchObject({ status: 'PARTIAL' })
  const [paused] = (await models.list()).models
  expect(paused).toMatchObject({ status: 'PARTIAL', download_id: started.task_id })
  expect(paused?.staged_bytes).toBeGreaterThan(0)
  expect(await models.active()).toMatchObject({
    downloads: [{ download_id: started.task_id, state: 'paused', model: { hf_repo: 'org/name' } }],
  })
  world.hub.setCdnRate(undefined)
  await models.resume(started.task_id)
  await completed(world, started.task_id)
  expect((await models.active()).downloads).toEqual([])
  expect(await models.status(query, { signal })).toMatchObject({
    status: 'DOWNLOADED',
    progress: null,
    error_message: null,
  })
})

it('starts one download for fifty equal requests', async () => {
  await using world = await openHubEngine()
  await addTwoRevisions(world)
  world.hub.setCdnRate(300_000)
  const requests = Array.from({ length: 50 }, () =>
    world.engine.models.download({ hf_repo: 'org/name' }, { signal }),
  )
  const outcomes = await Promise.allSettled(requests)
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  const refusals = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []))
  expect(new Set(refusals)).toEqual(new Set(['ALREADY_DOWNLOADING']))
  expect((await world.engine.models.active()).downloads).toHaveLength(1)
})

it('says that a model is there without a new job, until its branch moves on', async () => {
  await using world = await openHubEngine()
  const { old } = await pullTwoRevisions(world)
  const { models, downloads } = world.engine
  for (const { id } of (await downloads.list({ limit: 9 })).items) await downloads.forget(id)
  const ready = await models.download({ hf_repo: 'org/name' }, { signal })
  expect(ready).toMatchObject({ task_id: null, status: 'DOWNLOADED' })
  world.hub.clearLog()
  const pinned = await models.download({ hf_repo: 'org/name', hf_commit: old }, { signal })
  expect(pinned).toMatchObject({
    status: 'DOWNLOADED',
    path: world.dir.join(REPO, 'snapshots', old),
  })
  expect(world.hub.log).toEqual([])
  await world.hub.commit({ id: 'org/name', files: [{ path: 'new.txt', content: 'new' }] })
  const moved = await models.download({ hf_repo: 'org/name' }, { signal })
  expect(moved.status).toBe('DOWNLOADING')
  await completed(world, moved.task_id ?? '')
})

it.for(['its job is known', 'its job is forgotten'])(
  'says that a model is there while its Hub does not answer, when %s',
  async (what) => {
    await using world = await openHubEngine()
    const { main } = await pullTwoRevisions(world)
    const { models, downloads } = world.engine
    const { items } = await downloads.list({ limit: 9 })
    if (what === 'its job is forgotten') for (const { id } of items) await downloads.forget(id)
    const before = (await downloads.list({ limit: 9 })).items.map(({ id }) => id)
    await world.hub.close()
    const ready = await models.download({ hf_repo: 'org/name' }, { signal })
    expect(ready).toMatchObject({
      status: 'DOWNLOADED',
      path: world.dir.join(REPO, 'snapshots', main),
    })
    expect(before.length === 0 ? [null] : before).toContain(ready.task_id)
    const status = await models.status({ hf_repo: 'org/name' }, { signal })
    expect(status).toMatchObject({ status: 'DOWNLOADED', download_id: null })
    expect((await downloads.list({ limit: 9 })).items.map(({ id }) => id)).toEqual(before)
  },
)

it('warns of what makes other programs stumble', async () => {
  await using world = await openHubEngine()
  const { main } = await pullTwoRevisions(world)
  await rm(world.dir.join(REPO, 'blobs'), { recursive: true })
  await writeFile(world.dir.join(REPO, 'refs/lost'), 'a'.repeat(40))
  await writeFile(world.dir.join('hf/hub/models--stray'), '')
  const { warnings } = await world.engine.models.list()
  expect(warnings).toEqual(
    expect.arrayContaining([
      'models--stray is no folder of a repository',
      `org/name: lost without files (${'a'.repeat(40)})`,
      `org/name: links of ${main} that lead nowhere: 3`,
    ]),
  )
})

it('keeps tasks of other sources out', async () => {
  await using world = await openHubEngine()
  const { engine } = world
  for (const act of [engine.models.pause, engine.models.resume, engine.models.cancel]) {
    await expect(act('nope')).rejects.toMatchObject({ code: 'DOWNLOAD_NOT_FOUND' })
  }
})
