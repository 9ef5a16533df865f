import type { DownloadRepository } from '../database/download-repository.ts'
import { WindlassError } from '../errors/windlass-error.ts'
import type { Logger } from '../ports.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Admission } from './admission.ts'
import { type CleanUpDeps, cleanUp } from './clean-up.ts'
import type { Ledger } from './ledger.ts'
import { reasonOf } from './reason-of.ts'
import { spaceDemandOf } from './space-demand.ts'
import { RUNNING_STATES } from './state-table.ts'

export interface RecoverDeps extends CleanUpDeps {
  readonly downloads: DownloadRepository
  readonly ledger: Ledger
  readonly admission: Admission
  readonly clock: Pick<Clock, 'now'>
  readonly log: Logger
}

/**
 * A download with which the program died so often, without a byte in between, is not started
 * again. Who restarts a machine, or kills the program early, three times in a row must not lose
 * a download by it; a crash loop ends all the same.
 */
const MOST_LOST_STARTS = 10

/**
 * Takes up what the last owner of the home left: downloads that were at work go to
 * the front of the queue, one that kills the program does not, an interrupted clean-up is finished, and the space that
 * waiting downloads need is set aside again.
 */
export async function recover(deps: RecoverDeps): Promise<void> {
  const { downloads, ledger, admission, log } = deps
  for (const id of await downloads.idsIn(RUNNING_STATES)) {
    const record = await downloads.find(id)
    if ((record?.lostStarts ?? 0) >= MOST_LOST_STARTS) await quarantine(id, deps)
    else await ledger.move(id, 'recover', { patch: { interrupted: true } })
  }
  for (const record of await downloads.awaitingCleanUp()) {
    try {
      await cleanUp(record, deps)
    } catch (error) {
      log.warn(
        { err: error, id: record.id },
        'a clean-up could not be finished; it is tried at the next start',
      )
    }
  }
  for (const record of await downloads.list({ states: ['queued', 'waiting'], limit: 10_000 })) {
    try {
      const demand = await spaceDemandOf(record, deps)
      if (demand !== null) await admission.expect(demand)
    } catch (error) {
      log.warn({ err: error, id: record.id }, 'the space for a download could not be set aside')
    }
  }
}

async function quarantine(id: string, { ledger, clock, log }: RecoverDeps): Promise<void> {
  const error = new WindlassError('POISON_JOB', { detail: `${MOST_LOST_STARTS} times in a row` })
  log.error({ err: error, id }, 'a download is not started again')
  await ledger.move(id, 'fail', {
    patch: { reason: reasonOf(error), finishedAt: clock.now(), lostStarts: 0, interrupted: false },
  })
}
