import { manualClock, tempDir } from '@windlass/testkit'
import { expect, it } from 'vitest'
import { DownloadRepository } from '../database/download-repository.ts'
import { EventRepository } from '../database/event-repository.ts'
import { openDatabase } from '../database/open-database.ts'
import { QueueRepository } from '../database/queue-repository.ts'
import { SettingRepository } from '../database/setting-repository.ts'
import { WindlassError } from '../errors/windlass-error.ts'
import { EventBus } from './event-bus.ts'
import { Ledger } from './ledger.ts'
import type { RunClaim, RunOutcome } from './run-claim.ts'
import { Scheduler, type SchedulerDeps } from './scheduler.ts'
import { statesThatAllow } from './state-table.ts'
import { newDraft } from './testing/new-draft.ts'

const quiet = { debug() {}, info() {}, warn() {}, error() {} }

interface SchedulerOptions {
  readonly run: SchedulerDeps['run']
  /** Happens while a start is prepared. */
  readonly onResolution?: (ledger: Ledger) => Promise<void>
}

async function openScheduler({ run, onResolution = async () => undefined }: SchedulerOptions) {
  const dir = await tempDir()
  const database = await openDatabase(dir.join('windlass.db'))
  const downloads = new DownloadRepository(database)
  const queue = new QueueRepository(database, statesThatAllow('move'))
  const clock = manualClock()
  const bus = new EventBus({ onListenerError: (error) => Promise.reject(error) })
  const events = new EventRepository(database)
  const settings = new SettingRepository(database)
  const ledger = new Ledger({
    database,
    downloads,
    queue,
    events,
    settings,
    bus,
    now: () => clock.now(),
  })
  const settled = Promise.withResolvers<string>()
  const scheduler = new Scheduler({
    downloads: {
      async resolution(id) {
        const found = await downloads.resolution(id)
        await onResolution(ledger)
        return found
      },
    },
    queue,
    ledger,
    run,
    limits: () => ({ maxActive: 1, connections: 1, retries: 5, timeLimitMs: 1_000 }),
    clock,
    random: () => 0.5,
    log: quiet,
    onSettled: async (id) => settled.resolve(id),
  })
  return {
    downloads,
    ledger,
    scheduler,
    settled: settled.promise,
    async [Symbol.asyncDispose]() {
      await scheduler.stop()
      await database.destroy()
      await dir.remove()
    },
  }
}

it('fails a download whose end cannot be written, so that nobody waits for it for ever', async () => {
  // SQLite refuses a fraction in an integer column.
  const attempts = 0.5
  const outcome: RunOutcome = { kind: 'failed', error: new WindlassError('NET_RESET'), attempts }
  await using open = await openScheduler({ run: async () => outcome })
  const { id } = await open.ledger.create(newDraft('a'))
  open.scheduler.start()
  expect(await open.settled).toBe(id)
  expect(await open.downloads.find(id)).toMatchObject({
    state: 'failed',
    reason: { code: 'INTERNAL' },
  })
})

it('starts nothing with what it knew before the download was begun anew', async () => {
  const claims: RunClaim[] = []
  let isFirst = true
  await using open = await openScheduler({
    async run(claim) {
      claims.push(claim)
      return { kind: 'failed', error: new WindlassError('REF_INVALID'), attempts: 0 }
    },
    async onResolution(ledger) {
      if (!isFirst) return
      isFirst = false
      await ledger.move('a', 'cancel')
      await ledger.move('a', 'retry', { patch: { fence: 8 }, resolution: null })
    },
  })
  const { ledger, scheduler } = open
  await ledger.create(newDraft('a', { fence: 7 }))
  const placement = { store: 'hub-cache', repoType: 'model', repoId: 'a' } as const
  const old = { ...placement, commit: '0'.repeat(40), refName: null, tree: [] }
  const resolution = { title: 'old', revision: null, files: [], placement: old }
  await ledger.note([], { id: 'a', set: {}, resolution })
  scheduler.start()
  while ((await open.downloads.find('a'))?.state !== 'failed') await open.settled
  expect(claims.map((claim) => [claim.fence, claim.resolution])).toEqual([[9, null]])
})
