import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { DownloadAction } from '@windlass/contract'
import { sha256File, sha256OfRandomBytes } from '@windlass/testkit'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isWindlassError } from '../errors/windlass-error.ts'
import { LIMITS } from '../faults/engine-options.fixture.ts'
import { type HubEngine, openHubEngine } from '../faults/hub-engine.fixture.ts'

/*
 * People who click again and again, with a real host, real files and a real database: the last
 * command wins, nobody writes beside another one, and nothing is left over.
 */

const MB = 1_000_000
const SIZE = 6 * MB
/** What came and is not on disk yet is no progress. */
const IN_MEMORY = 500_000
const content = (seed: string, sizeBytes = SIZE) => ({ seed, sizeBytes })

async function receives({ engine }: HubEngine, id: string, bytes: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const off = engine.events.subscribe((event) => {
    if (event.type !== 'download.progressed' || event.data.id !== id) return
    if (event.data.progress.receivedBytes >= bytes) resolve()
  })
  await promise
  off()
}

async function noConnections({ hub }: HubEngine): Promise<void> {
  while (hub.log.some(({ end }) => end === 'open')) await nextTurn()
}

/** Everything of ours that is not a finished repository. */
async function leftovers({ cache }: HubEngine): Promise<string[]> {
  const all = await readdir(cache, { recursive: true }).catch(() => []) // nothing was begun
  return all.filter((path) => path.startsWith('models--'))
}

async function tell(w: HubEngine, id: string, action: DownloadAction): Promise<void> {
  const { downloads } = w.engine
  try {
    if (action === 'pause' || action === 'resume') await downloads[action](id)
    if (action === 'cancel' || action === 'retry') await downloads[action](id)
  } catch (error) {
    // Half of all clicks come too late or too early.
    if (!isWindlassError(error, 'INVALID_STATE')) throw error
  }
}

it('does what was said last after any number of quick commands, and brings every byte right', {
  timeout: 120_000,
}, async () => {
  const clicks = fc.array(fc.constantFrom('pause', 'resume', 'cancel', 'retry' as const), {
    minLength: 6,
    maxLength: 24,
  })
  await fc.assert(
    fc.asyncProperty(clicks, fc.boolean(), async (actions, isPatient) => {
      await using w = await openHubEngine({ engine: { limits: { ...LIMITS, connections: 1 } } })
      const { commit } = await w.hub.addRepo({
        id: 'org/a',
        files: [{ path: 'a.safetensors', content: content('a') }],
      })
      w.hub.setCdnRate(20 * MB)
      const { download } = await w.engine.downloads.create({ ref: 'org/a' })
      const { id } = download
      const told = []
      for (const action of actions) {
        told.push(tell(w, id, action))
        if (isPatient) await nextTurn()
      }
      await Promise.all(told)
      await tell(w, id, 'pause')
      await noConnections(w)
      const { state } = await w.engine.downloads.find(id)
      expect(['paused', 'cancelled', 'completed']).toContain(state)
      if (state === 'cancelled') expect(await leftovers(w)).toEqual([])
      w.hub.setCdnRate(undefined)
      await tell(w, id, 'retry')
      await tell(w, id, 'resume')
      expect(await w.reaches(id, 'completed', 'failed')).toMatchObject({ state: 'completed' })
      const path = join(w.cache, 'models--org--a/snapshots', commit, 'a.safetensors')
      expect(await sha256File(path)).toBe(await sha256OfRandomBytes(content('a')))
      expect((await leftovers(w)).filter((each) => each.includes('.windlass'))).toEqual([])
      // More than one writer would have fetched bytes that another one had already.
      await noConnections(w)
    }),
    { numRuns: 12 },
  )
})

it('answers fifty equal requests with one download, which one connection brings', async () => {
  await using w = await openHubEngine({ engine: { limits: { ...LIMITS, connections: 1 } } })
  await w.hub.addRepo({ id: 'org/a', files: [{ path: 'a.safetensors', content: content('a') }] })
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => w.engine.downloads.create({ ref: 'org/a' })),
  )
  const ids = new Set(answers.map(({ download }) => download.id))
  expect([ids.size, answers.filter(({ created }) => created).length]).toEqual([1, 1])
  await w.reaches([...ids][0] ?? '', 'completed')
  const cdn = w.hub.log.filter(({ role }) => role === 'cdn')
  expect(cdn.reduce((sum, { bytesSent }) => sum + bytesSent, 0)).toBe(SIZE)
})

it.for([0, 50, 99])(
  'cancels at %d percent without a trace',
  {
    timeout: 30_000,
  },
  async (percent) => {
    await using w = await openHubEngine({ engine: { limits: { ...LIMITS, connections: 1 } } })
    const sizeBytes = 60 * MB
    const bytes = (sizeBytes * percent) / 100
    await w.hub.addRepo({
      id: 'org/a',
      files: [
        { path: 'a.safetensors', content: content('a', sizeBytes) },
        { path: 'config.json', content: '{}' },
      ],
    })
    // The rest never comes.
    const stallAt = bytes + IN_MEMORY
    const stalled = w.hub.fault({ match: { role: 'cdn' }, do: { stallAt } })
    const { download } = await w.engine.downloads.create({ ref: 'org/a' })
    while (stalled.hits === 0) await nextTurn()
    if (percent > 0) await receives(w, download.id, bytes)
    const { receipt } = await w.engine.downloads.cancel(download.id)
    expect(receipt.bytes).toBeGreaterThanOrEqual(bytes)
    expect(receipt.bytes).toBeLessThanOrEqual(stallAt + 4096)
    expect(await leftovers(w)).toEqual([])
    await noConnections(w)
  },
)

it('cancels while the network is gone', async () => {
  await using w = await openHubEngine()
  await w.hub.addRepo({ id: 'org/a', files: [{ path: 'a.safetensors', content: content('a') }] })
  w.hub.setCdnRate(2 * MB)
  const { download } = await w.engine.downloads.create({ ref: 'org/a' })
  await receives(w, download.id, MB)
  await w.hub.close()
  const { state, receipt } = await w.engine.downloads.cancel(download.id)
  expect(state).toBe('cancelled')
  expect(receipt.bytes).toBeGreaterThanOrEqual(MB)
  expect(await leftovers(w)).toEqual([])
})

it('cancels many at once, and lets none of those that wait begin in the meantime', {
  timeout: 30_000,
}, async () => {
  await using w = await openHubEngine()
  w.hub.setCdnRate(200_000)
  const ids: string[] = []
  for (let n = 0; n < 30; n++) {
    await w.hub.addRepo({
      id: `org/r${n}`,
      files: [{ path: 'a.bin', content: content(`${n}`, 2 * MB) }],
    })
    ids.push((await w.engine.downloads.create({ ref: `org/r${n}` })).download.id)
  }
  await receives(w, ids[0] ?? '', 100_000)
  const begun = w.hub.log.length
  const all = await w.engine.downloads.idsThatAllow('cancel')
  expect(all).toHaveLength(30)
  const cancelled = await Promise.all(all.map((id) => w.engine.downloads.cancel(id)))
  expect(cancelled.every(({ state }) => state === 'cancelled')).toBe(true)
  expect(cancelled.reduce((sum, { receipt }) => sum + receipt.files, 0)).toBe(3)
  expect(await w.engine.counts()).toEqual({ active: 0, queued: 0 })
  expect(w.hub.log).toHaveLength(begun)
  expect(await leftovers(w)).toEqual([])
  await noConnections(w)
})
