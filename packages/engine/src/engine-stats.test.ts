import { expect, it } from 'vitest'
import { openHubEngine } from './faults/hub-engine.fixture.ts'

it('tells how many downloads are where, what came from which host, and how full the disks are', async () => {
  await using test = await openHubEngine()
  const { hub, engine } = test
  const fresh = await engine.stats()
  expect(fresh.downloads).toEqual([])
  expect(fresh.disks.map(({ use }) => use)).toEqual(['home'])
  const file = { path: 'model.safetensors', content: { seed: 'a', sizeBytes: 3_000_000 } }
  await hub.addRepo({ id: 'org/name', files: [file] })
  await test.pullOnce('org/name')
  expect((await test.pullOnce('org/nothing')).state).toBe('blocked')
  await engine.downloads.create({ ref: 'org/later', paused: true })
  const { downloads, traffic, disks } = await engine.stats()
  const byState = downloads.toSorted((a, b) => (a.state < b.state ? -1 : 1))
  expect(byState).toEqual([
    { state: 'blocked', code: 'REPO_PRIVATE', count: 1 },
    { state: 'completed', code: null, count: 1 },
    { state: 'paused', code: null, count: 1 },
  ])
  expect(traffic.map(({ source }) => source)).toEqual(['huggingface'])
  expect(traffic[0]?.host).toMatch(/^localhost:\d+$/)
  expect(traffic.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(3_000_000)
  expect(disks.map(({ use }) => use)).toEqual(['cache', 'home'])
  for (const { freeBytes, reservedBytes } of disks) {
    expect(freeBytes).toBeGreaterThan(0)
    expect(reservedBytes).toBe(0)
  }
})
