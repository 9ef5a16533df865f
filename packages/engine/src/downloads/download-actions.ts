import type { CancelReceipt, Download, DownloadRequest, MoveTarget } from '@windlass/contract'
import type { DownloadRepository } from '../database/download-repository.ts'
import { WindlassError } from '../errors/windlass-error.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Admission } from './admission.ts'
import { type CleanUpDeps, cleanUp, removeBytes } from './clean-up.ts'
import type { DownloadRecord } from './download-record.ts'
import { KeyedMutex } from './keyed-mutex.ts'
import type { Ledger } from './ledger.ts'
import { type QueueRoomDeps, requireQueueRoom } from './queue-room.ts'
import type { Scheduler } from './scheduler.ts'
import { spaceDemandOf } from './space-demand.ts'
import { advance, isSettled } from './state-table.ts'

export interface ActionDeps extends CleanUpDeps {
  readonly downloads: DownloadRepository
  readonly ledger: Ledger
  readonly scheduler: Scheduler
  readonly admission: Admission
  readonly limits: QueueRoomDeps['limits']
  readonly clock: Clock
  /** Hosts that rest may be asked once more: a person says so. */
  readonly cutRestsShort: () => void
  readonly describe: (record: DownloadRecord) => Promise<Download>
}

/** What a request says beside what is wanted. */
type Wishes = Pick<DownloadRequest, 'priority' | 'paused'> & NonNullable<DownloadRequest['options']>

/**
 * What a person can do to one download. Actions on the same download follow one
 * another in the order they were asked for, so the last one wins.
 */
export class DownloadActions {
  readonly #deps: ActionDeps
  readonly #turns = new KeyedMutex()

  constructor(deps: ActionDeps) {
    this.#deps = deps
  }

  /** Keeps every byte and frees slot and connections. */
  pause(id: string): Promise<Download> {
    return this.#turns.run(id, async () => {
      const { scheduler, ledger, admission } = this.#deps
      const wasAtWork = await scheduler.interrupt(id, 'pause')
      const record = await this.#require(id)
      admission.release(id)
      if (wasAtWork && record.state === 'paused') return await this.#deps.describe(record)
      return await this.#deps.describe(await ledger.move(id, 'pause'))
    })
  }

  /** One that waits for a host goes on at once: the person knows better. */
  resume(id: string): Promise<Download> {
    return this.#turns.run(id, async () => {
      const { state, reason } = await this.#require(id)
      if (state === 'waiting' && reason?.code === 'HTTP_RATE_LIMITED') this.#deps.cutRestsShort()
      return await this.#enqueue(id, 'resume')
    })
  }

  /**
   * Starts a failed download again with the bytes it kept, a cancelled one from nothing; with
   * limits and a priority of its own where they are given, and only made ready where it is to be
   * `paused`.
   */
  retry(id: string, wishes: Wishes = {}): Promise<Download> {
    return this.#turns.run(id, () => this.#enqueue(id, 'retry', wishes))
  }

  /** Removes every byte of ours and nothing else, and says what that was. */
  cancel(id: string): Promise<Download & { readonly receipt: CancelReceipt }> {
    return this.#turns.run(id, async () => {
      const { scheduler, ledger, admission, clock } = this.#deps
      await scheduler.interrupt(id, 'cancel')
      let record = await this.#require(id)
      if (record.state !== 'cancelled' || !record.cleanupPending) {
        record = await ledger.move(id, 'cancel', {
          patch: { cleanupPending: true, finishedAt: clock.now() },
        })
      }
      admission.release(id)
      const receipt = await cleanUp(record, this.#deps)
      return { ...(await this.#deps.describe(await this.#require(id))), receipt }
    })
  }

  /** Gives it another place in the queue, which it keeps over pauses and restarts. */
  move(id: string, target: MoveTarget): Promise<Download> {
    return this.#turns.run(id, async () => {
      await this.#require(id)
      return await this.#deps.describe(await this.#deps.ledger.reposition(id, target))
    })
  }

  /** Drops a settled download; unfinished bytes of a failed one go too. */
  forget(id: string): Promise<void> {
    return this.#turns.run(id, async () => {
      const record = await this.#require(id)
      advance(record.state, 'forget')
      const resolution = await this.#deps.downloads.resolution(id)
      await this.#deps.ledger.forget(id)
      // Last, so that no crash leaves a download without its bytes: what nobody owns goes at the next start.
      if (record.state !== 'completed') await removeBytes(id, resolution, this.#deps)
    })
  }

  /** @throws WindlassError QUEUE_FULL for one that would not go on by itself */
  async #enqueue(
    id: string,
    trigger: 'resume' | 'retry',
    { priority, connections, limitRate, paused = false }: Wishes = {},
  ): Promise<Download> {
    const before = await this.#require(id)
    advance(before.state, trigger)
    if (before.cleanupPending) await cleanUp(before, this.#deps)
    const fresh = before.state === 'cancelled'
    const record = await this.#deps.ledger.move(id, trigger, {
      held: paused,
      guard: async (db, { state }) => {
        if (isSettled(state)) await requireQueueRoom(db, this.#deps)
      },
      patch: {
        ...(priority === undefined ? {} : { priority }),
        ...(connections === undefined ? {} : { connections }),
        ...(limitRate === undefined ? {} : { limitRate }),
        attempts: 0,
        interrupted: false,
        // A start that was prepared before knows what is no longer true.
        fence: before.fence + 1,
        finishedAt: null,
        ...(trigger === 'retry' ? { elapsedMs: 0 } : {}),
        ...(fresh ? { receipt: null, revision: null, destination: null } : {}),
      },
      ...(fresh || isOutdated(before) ? { resolution: null } : {}),
    })
    if (paused) return await this.#deps.describe(record)
    const demand = await spaceDemandOf(record, this.#deps)
    if (demand !== null) await this.#deps.admission.expect(demand)
    this.#deps.scheduler.poke()
    return await this.#deps.describe(record)
  }

  async #require(id: string): Promise<DownloadRecord> {
    const record = await this.#deps.downloads.find(id)
    if (record === null) throw new WindlassError('DOWNLOAD_NOT_FOUND', { detail: id })
    return record
  }
}

/** What the host said before is no longer true: it must be asked anew. */
function isOutdated({ reason, revision }: DownloadRecord): boolean {
  return reason?.code === 'SOURCE_CHANGED' && revision === null
}
