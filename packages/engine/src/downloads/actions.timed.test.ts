import { readdir } from 'node:fs/promises'
import { performance } from 'node:perf_hooks'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Download, DownloadAction, DownloadState } from '@windlass/contract'
import { expect, it } from 'vitest'
import { LIMITS } from '../faults/engine-options.fixture.ts'
import { type HubEngine, openHubEngine } from '../faults/hub-engine.fixture.ts'
import { actionsIn } from './state-table.ts'

/*
 * Every action from every state in which the table allows it, with a real host: it is done,
 * and what it ends is closed, within 100 ms. How long a cancel then takes to remove the bytes is the disk's affair.
 */

const MB = 1_000_000
const SOON_MS = 100

const file = (path: string, sizeBytes: number) => ({ path, content: { seed: path, sizeBytes } })
const BIG = [file('a.safetensors', 20 * MB)]

interface Place {
  readonly name: string
  readonly state: DownloadState
  /** Brings a download there. */
  readonly arrive: (w: HubEngine) => Promise<string>
}

async function start(w: HubEngine, ref = 'org/a'): Promise<string> {
  return (await w.engine.downloads.create({ ref })).download.id
}

async function receives({ engine }: HubEngine, id: string, bytes: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const off = engine.events.subscribe((event) => {
    if (event.type !== 'download.progressed' || event.data.id !== id) return
    if (event.data.progress.receivedBytes >= bytes) resolve()
  })
  await promise
  off()
}

async function inMidSegment(w: HubEngine): Promise<string> {
  await w.hub.addRepo({ id: 'org/a', files: BIG })
  w.hub.setCdnRate(2 * MB)
  const id = await start(w)
  await receives(w, id, MB)
  return id
}

const PLACES: readonly Place[] = [
  {
    name: 'queued',
    state: 'queued',
    async arrive(w) {
      await w.engine.limits.change({ maxActive: 1 })
      await inMidSegment(w)
      await w.hub.addRepo({ id: 'org/b', files: BIG })
      return await start(w, 'org/b')
    },
  },
  {
    name: 'resolving',
    state: 'resolving',
    async arrive(w) {
      await w.hub.addRepo({ id: 'org/a', files: BIG })
      w.hub.fault({ match: { role: 'hub' }, do: { stallAt: 0 } })
      const id = await start(w)
      while (w.hub.log.length === 0) await nextTurn()
      return id
    },
  },
  { name: 'mid-segment', state: 'downloading', arrive: inMidSegment },
  {
    name: 'between two files',
    state: 'downloading',
    async arrive(w) {
      await w.engine.limits.change({ connections: 1 })
      const files = [file('a.safetensors', MB), file('b.safetensors', MB / 2)]
      await w.hub.addRepo({ id: 'org/a', files })
      w.hub.fault({ match: { file: 'b.safetensors' }, do: { stallAt: 0 } })
      const id = await start(w)
      while (!w.hub.log.some((each) => each.file === 'b.safetensors')) await nextTurn()
      return id
    },
  },
  {
    name: 'between two attempts',
    state: 'downloading',
    async arrive(w) {
      await w.hub.addRepo({ id: 'org/a', files: BIG })
      const refusal = w.hub.fault({ match: { role: 'cdn' }, do: { hangUp: 'reset' } })
      const id = await start(w)
      while (refusal.hits < 2) await nextTurn()
      return id
    },
  },
  {
    name: 'verifying',
    state: 'verifying',
    async arrive(w) {
      await w.hub.addRepo({ id: 'org/a', files: [file('a.safetensors', 300 * MB)] })
      // The beginning comes last, so that nearly all of it is hashed when the last byte is there.
      w.hub.fault({ match: { role: 'cdn', rangeFrom: 0, times: 1 }, do: { delayHeadersMs: 400 } })
      const id = await start(w)
      await w.reaches(id, 'verifying')
      return id
    },
  },
  {
    name: 'waiting',
    state: 'waiting',
    async arrive(w) {
      await w.hub.addRepo({ id: 'org/a', files: BIG })
      w.hub.fault({
        match: { role: 'hub', times: 1 },
        do: { status: 429, headers: { 'retry-after': '60' } },
      })
      const id = await start(w)
      await w.reaches(id, 'waiting')
      return id
    },
  },
  {
    name: 'blocked',
    state: 'blocked',
    async arrive(w) {
      await w.hub.addRepo({ id: 'org/a', files: BIG, gated: 'auto' })
      const id = await start(w)
      await w.reaches(id, 'blocked')
      return id
    },
  },
  {
    name: 'paused',
    state: 'paused',
    async arrive(w) {
      const id = await inMidSegment(w)
      await w.engine.downloads.pause(id)
      return id
    },
  },
  {
    name: 'failed',
    state: 'failed',
    async arrive(w) {
      await w.hub.addRepo({ id: 'org/a', files: BIG })
      const id = await start(w, 'org/a@nowhere')
      await w.reaches(id, 'failed')
      return id
    },
  },
  {
    name: 'cancelled',
    state: 'cancelled',
    async arrive(w) {
      const id = await inMidSegment(w)
      await w.engine.downloads.cancel(id)
      return id
    },
  },
  {
    name: 'completed',
    state: 'completed',
    async arrive(w) {
      await w.hub.addRepo({ id: 'org/a', files: [file('a.json', 100)] })
      const id = await start(w)
      await w.reaches(id, 'completed')
      return id
    },
  },
]

const CASES = PLACES.flatMap((place) =>
  actionsIn(place.state).map((action) => ({ place, action, title: `${action} ${place.name}` })),
)

async function act(w: HubEngine, action: DownloadAction, id: string): Promise<Download | null> {
  const { downloads } = w.engine
  if (action === 'move') return await downloads.move(id, { to: 'first' })
  if (action !== 'forget') return await downloads[action](id)
  await downloads.forget(id)
  return null
}

/** States that an action may have led to by the time it is answered. */
const AFTER: Readonly<Record<string, readonly DownloadState[]>> = {
  pause: ['paused'],
  cancel: ['cancelled'],
  resume: ['queued', 'resolving', 'downloading', 'waiting', 'blocked'],
  retry: ['queued', 'resolving', 'downloading', 'failed'],
}

// These run beside no others, but a machine has work of its own: one stall of 100 ms is forgiven, two are not.
it.for(CASES)('$title: at once', { retry: 1, timeout: 60_000 }, async ({ place, action }) => {
  await using w = await openHubEngine({
    engine: { limits: { ...LIMITS, connections: place.state === 'verifying' ? 8 : 2 } },
  })
  const id = await place.arrive(w)
  expect((await w.engine.downloads.find(id)).state).toBe(place.state)
  const asked = performance.now()
  let cancelledAt = Number.POSITIVE_INFINITY
  const off = w.engine.events.subscribe((event) => {
    if (event.type !== 'download.state-changed' || event.data.id !== id) return
    if (event.data.to === 'cancelled') cancelledAt = performance.now()
  })
  const acting = act(w, action, id)
  // The receipt of a cancel comes when the disk has let go of the bytes, however many.
  if (action === 'cancel') await w.reaches(id, 'cancelled')
  else await acting
  const doneAt = action === 'cancel' ? cancelledAt : performance.now()
  expect(doneAt - asked).toBeLessThan(SOON_MS)
  const closed = action === 'pause' || action === 'cancel'
  const isOther = place.name === 'queued'
  while (closed && !isOther && w.hub.log.some(({ end }) => end === 'open')) {
    expect(performance.now() - asked).toBeLessThan(SOON_MS)
    await nextTurn()
  }
  off()
  const after = await acting
  if (after !== null) expect(AFTER[action] ?? [place.state]).toContain(after.state)
  if (action === 'cancel' && !isOther) await expectNothingLeft(w, after)
})

async function expectNothingLeft(w: HubEngine, cancelled: Download | null): Promise<void> {
  const left = await readdir(w.cache, { recursive: true }).catch(() => []) // nothing was begun
  expect(left.filter((path) => path.startsWith('models--'))).toEqual([])
  expect(cancelled?.receipt).toEqual({ files: expect.any(Number), bytes: expect.any(Number) })
}
