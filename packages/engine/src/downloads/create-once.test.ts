import { truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { manualClock } from '@windlass/testkit'
import { expect, it } from 'vitest'
import { openHubEngine } from '../faults/hub-engine.fixture.ts'

const DAY_MS = 24 * 3_600_000
const QUIET = { debug() {}, info() {}, warn() {}, error() {} }

async function openIdle() {
  const clock = manualClock()
  const ports = { clock, log: QUIET, random: Math.random, bootId: () => 'boot' }
  return { clock, w: await openHubEngine({ engine: { start: false, ports } }) }
}

const once = { idempotencyKey: 'key-1' }

it('answers a request that was sent before with its download as it stands now', async () => {
  const { w } = await openIdle()
  await using world = w
  const { downloads } = world.engine
  const request = { ref: 'org/a', include: ['*'], options: { connections: 2, limitRate: 5000 } }
  const first = await downloads.create(request, once)
  expect(first.created).toBe(true)
  await downloads.cancel(first.download.id)
  // Without the key the same request would start it again.
  const inOtherOrder = {
    options: { limitRate: 5000, connections: 2 },
    include: ['*'],
    ref: 'org/a',
  }
  const again = await downloads.create(inOtherOrder, once)
  expect(again).toMatchObject({
    created: false,
    download: { id: first.download.id, state: 'cancelled' },
  })
  await downloads.forget(first.download.id)
  await expect(downloads.create(request, once)).rejects.toMatchObject({
    code: 'DOWNLOAD_NOT_FOUND',
  })
  expect((await downloads.list({ limit: 10 })).items).toEqual([])
})

it('refuses another request under the same key, and starts nothing', async () => {
  const { w } = await openIdle()
  await using world = w
  const { downloads } = world.engine
  await downloads.create({ ref: 'org/a' }, once)
  await expect(downloads.create({ ref: 'org/b' }, once)).rejects.toMatchObject({
    code: 'IDEMPOTENCY_KEY_REUSED',
    status: 422,
  })
  expect((await downloads.list({ limit: 10 })).items).toHaveLength(1)
})

it('carries out one of fifty equal requests at once', async () => {
  const { w } = await openIdle()
  await using world = w
  const { downloads } = world.engine
  const all = Array.from({ length: 50 }, () => downloads.create({ ref: 'org/a' }, once))
  const answers = await Promise.all(all)
  expect(answers.filter(({ created }) => created)).toHaveLength(1)
  expect(new Set(answers.map(({ download }) => download.id)).size).toBe(1)
})

it('keeps a key for a day, and the key of a request that was refused not at all', async () => {
  const { w, clock } = await openIdle()
  await using world = w
  const { downloads, limits } = world.engine
  await limits.change({ maxQueued: 1 })
  await downloads.create({ ref: 'org/a' })
  const refused = { code: 'QUEUE_FULL' }
  await expect(downloads.create({ ref: 'org/b' }, once)).rejects.toMatchObject(refused)
  await limits.change({ maxQueued: 9 })
  const { download } = await downloads.create({ ref: 'org/c' }, once)
  await downloads.cancel(download.id)
  clock.jumpTo(clock.now() + DAY_MS - 1)
  expect((await downloads.create({ ref: 'org/c' }, once)).download.state).toBe('cancelled')
  clock.jumpTo(clock.now() + 2)
  expect((await downloads.create({ ref: 'org/c' }, once)).download.state).toBe('queued')
})

it('makes a fresh download of a finished one that is not whole, and fetches what is missing', async () => {
  await using w = await openHubEngine()
  const files = ['a', 'b', 'c'].map((name) => ({
    path: `${name}.safetensors`,
    content: { seed: name, sizeBytes: 300_000 },
  }))
  const { commit } = await w.hub.addRepo({ id: 'org/a', files })
  const { downloads } = w.engine
  const first = await downloads.create({ ref: 'org/a' })
  await w.reaches(first.download.id, 'completed')
  expect(await downloads.create({ ref: 'org/a' })).toMatchObject({
    created: false,
    download: { id: first.download.id, state: 'completed' },
  })
  // Cut short: still there, and not what it was.
  await truncate(join(w.cache, 'models--org--a/snapshots', commit, 'b.safetensors'), 1000)
  w.hub.clearLog()
  const second = await downloads.create({ ref: 'org/a' })
  expect(second).toMatchObject({ created: true })
  const done = await w.reaches(second.download.id, 'completed', 'failed')
  expect(done.state).toBe('completed')
  expect(done.files.map(({ path, present }) => [path, present])).toEqual([
    ['a.safetensors', true],
    ['b.safetensors', false],
    ['c.safetensors', true],
  ])
  const sent = w.hub.log.filter(({ role }) => role === 'cdn')
  expect(sent.reduce((sum, { bytesSent }) => sum + bytesSent, 0)).toBe(300_000)
})
