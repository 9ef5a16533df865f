import type { Kysely } from 'kysely'
import type { DownloadRepository } from '../database/download-repository.ts'
import type { Schema } from '../database/schema.ts'
import { WindlassError } from '../errors/windlass-error.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Scheduler } from './scheduler.ts'
import type { EngineLimits } from './settings.ts'
import { RUNNING_STATES } from './state-table.ts'

export interface QueueRoomDeps {
  readonly downloads: Pick<DownloadRepository, 'count'>
  readonly scheduler: Pick<Scheduler, 'isAccepting'>
  /** As they are at the moment. */
  readonly limits: () => Pick<EngineLimits, 'maxActive' | 'maxQueued'>
  readonly clock: Pick<Clock, 'now'>
}

/**
 * Whether one more may join the queue. Those for which a slot is free wait for nothing and do not
 * count. Only inside the transaction that lets it join is the answer still true afterwards.
 * @throws WindlassError QUEUE_FULL
 */
export async function requireQueueRoom(
  db: Kysely<Schema>,
  { downloads, scheduler, limits, clock }: QueueRoomDeps,
): Promise<void> {
  const { maxActive, maxQueued } = limits()
  const queued = await downloads.count(['queued'], db)
  const running = await downloads.count(RUNNING_STATES, db)
  const free = scheduler.isAccepting ? Math.max(0, maxActive - running) : 0
  if (queued - free < maxQueued) return
  throw new WindlassError('QUEUE_FULL', {
    detail: `${queued} downloads are waiting for a slot`,
    retryAt: clock.now() + 30_000,
    facts: { queued, maxQueued },
  })
}
