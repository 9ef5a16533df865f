import { setImmediate as nextTurn } from 'node:timers/promises'
import type { FakeHub } from '@windlass/testkit'
import { expect, it } from 'vitest'
import { LIMITS } from '../faults/engine-options.fixture.ts'
import { openHubEngine } from '../faults/hub-engine.fixture.ts'

const MB = 1_000_000
const manyFiles = (count: number, sizeBytes: number) =>
  Array.from({ length: count }, (_, n) => ({
    path: `part-${n}.safetensors`,
    content: { seed: `part ${n}`, sizeBytes },
  }))

/** Looks again and again how many answers bring bytes at the same time, until `done` is. */
async function mostAtOnce<T>(hub: FakeHub, done: Promise<T>): Promise<number> {
  let most = 0
  let isOver = false
  const over = done.finally(() => {
    isOver = true
  })
  while (!isOver) {
    // An answer that came over a redirect is known to be too much when its first bytes are there.
    const open = hub.log.filter((each) => each.end === 'open' && each.bytesSent > 20_000)
    most = Math.max(most, open.filter(({ role }) => role === 'cdn').length)
    await nextTurn()
  }
  await over
  return most
}

it('starts another download as soon as more may be at work', async () => {
  await using w = await openHubEngine({ engine: { limits: { ...LIMITS, maxActive: 1 } } })
  w.hub.setCdnRate(MB)
  for (const id of ['org/a', 'org/b']) await w.hub.addRepo({ id, files: manyFiles(1, 20 * MB) })
  const a = await w.engine.downloads.create({ ref: 'org/a' })
  await w.reaches(a.download.id, 'downloading')
  const b = await w.engine.downloads.create({ ref: 'org/b' })
  expect(b.download).toMatchObject({
    state: 'queued',
    waitsFor: { what: 'slot', position: 1, limit: 'maxActive' },
  })
  await w.engine.limits.change({ maxActive: 2 })
  expect(await w.reaches(b.download.id, 'downloading')).not.toHaveProperty('waitsFor')
  // Fewer again: who is at work ends first.
  await w.engine.limits.change({ maxActive: 1 })
  expect(await w.engine.counts()).toEqual({ active: 2, queued: 0 })
})

it('refuses by the queue length of this moment', async () => {
  await using w = await openHubEngine({ engine: { start: false } })
  await w.engine.limits.change({ maxQueued: 1 })
  await w.engine.downloads.create({ ref: 'org/a' })
  const refused = { code: 'QUEUE_FULL', retryAt: expect.any(Number) }
  await expect(w.engine.downloads.create({ ref: 'org/b' })).rejects.toMatchObject(refused)
  // Not even one that waits: but the one there is again is no new one.
  await w.engine.limits.change({ maxQueued: 0 })
  await expect(w.engine.downloads.create({ ref: 'org/b' })).rejects.toMatchObject(refused)
  expect(await w.engine.downloads.create({ ref: 'org/a' })).toMatchObject({ created: false })
  await w.engine.limits.change({ maxQueued: 2 })
  expect(await w.engine.downloads.create({ ref: 'org/b' })).toMatchObject({ created: true })
})

it('takes no more than the queue holds, however many come at once', async () => {
  const limits = { ...LIMITS, maxActive: 1, maxQueued: 2 }
  await using w = await openHubEngine({ engine: { limits } })
  w.hub.setCdnRate(MB)
  const refs = Array.from({ length: 20 }, (_, n) => `org/r${n}`)
  for (const id of refs) await w.hub.addRepo({ id, files: manyFiles(1, 20 * MB) })
  const asked = refs.map((ref) => w.engine.downloads.create({ ref }))
  const outcomes = await Promise.allSettled(asked)
  const taken = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value.download] : []))
  // One has the slot and two wait for it.
  expect(taken.map(({ ref }) => ref)).toEqual(refs.slice(0, 3))
  const codes = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []))
  expect(new Set(codes)).toEqual(new Set(['QUEUE_FULL']))
  expect((await w.engine.downloads.list({ limit: 50 })).items).toHaveLength(3)
})

it('lets nobody back into a full queue, and changes nothing then', async () => {
  await using w = await openHubEngine({ engine: { start: false } })
  const { downloads, limits } = w.engine
  const make = async (ref: string) => (await downloads.create({ ref })).download.id
  const [cancelled, paused] = [await make('org/a'), await make('org/b')]
  await downloads.cancel(cancelled)
  await downloads.pause(paused)
  await limits.change({ maxQueued: 1 })
  const waits = await make('org/c')
  const refused = { code: 'QUEUE_FULL' }
  await expect(downloads.retry(cancelled)).rejects.toMatchObject(refused)
  await expect(downloads.create({ ref: 'org/a', priority: 7 })).rejects.toMatchObject(refused)
  await expect(downloads.resume(paused)).rejects.toMatchObject(refused)
  expect(await downloads.find(cancelled)).toMatchObject({ state: 'cancelled', priority: 0 })
  expect(await downloads.find(paused)).toMatchObject({ state: 'paused' })
  await downloads.cancel(waits)
  const again = await downloads.create({ ref: 'org/a', priority: 7, options: { limitRate: 9_000 } })
  expect(again).toMatchObject({
    created: false,
    download: { id: cancelled, state: 'queued', priority: 7, limitRate: 9_000 },
  })
})

it('opens no more connections to a host than it may, over all downloads', async () => {
  await using w = await openHubEngine()
  await w.engine.limits.change({ connectionsPerHost: 2 })
  w.hub.setCdnRate(MB)
  for (const id of ['org/a', 'org/b']) await w.hub.addRepo({ id, files: manyFiles(6, 150_000) })
  const all = ['org/a', 'org/b'].map(async (ref) => {
    const { download } = await w.engine.downloads.create({ ref })
    return (await w.reaches(download.id, 'completed', 'failed')).state
  })
  const states = Promise.all(all)
  expect(await mostAtOnce(w.hub, states)).toBe(2)
  expect(await states).toEqual(['completed', 'completed'])
})

it('lets more files of a download at work at once when it may have more connections', async () => {
  const limits = { ...LIMITS, connections: 1 }
  await using w = await openHubEngine({ engine: { limits } })
  w.hub.setCdnRate(MB)
  await w.hub.addRepo({ id: 'org/a', files: manyFiles(6, 500_000) })
  const { download } = await w.engine.downloads.create({ ref: 'org/a' })
  await w.reaches(download.id, 'downloading')
  await w.engine.limits.change({ connections: 4 })
  const done = w.reaches(download.id, 'completed', 'failed')
  expect(await mostAtOnce(w.hub, done)).toBe(4)
  expect(await done).toMatchObject({ state: 'completed' })
})
