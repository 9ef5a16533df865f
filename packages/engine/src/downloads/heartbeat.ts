import type { WindlassEvent } from '@windlass/contract'
import type { DownloadRepository } from '../database/download-repository.ts'
import { isWindlassError } from '../errors/windlass-error.ts'
import type { Logger } from '../ports.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Admission } from './admission.ts'
import type { DownloadRecord } from './download-record.ts'
import type { Ledger } from './ledger.ts'
import { progressOf } from './run-progress.ts'
import type { Scheduler } from './scheduler.ts'
import { type SpaceDemandDeps, spaceDemandOf } from './space-demand.ts'

/** At most one sample each half second a download (DESIGN). */
const SAMPLE_MS = 500
const SPACE_CHECK_MS = 5_000
/** Less than this is the slewing of a clock that is kept right. */
const SET_BACK_MS = 2_000

export interface HeartbeatDeps extends SpaceDemandDeps {
  readonly downloads: DownloadRepository
  readonly ledger: Ledger
  readonly scheduler: Scheduler
  readonly admission: Admission
  readonly clock: Clock
  readonly log: Logger
  readonly emit: (event: WindlassEvent) => void
}

/**
 * What happens by the passing of time: samples of progress, waiting downloads whose
 * time has come, and downloads stopped by a full disk once there is room.
 *
 * @returns the function that ends it
 */
export function startHeartbeat(deps: HeartbeatDeps): () => void {
  const moving = new Set<string>()
  const wentBack = watchClock(deps.clock)
  let nextSpaceCheck = 0
  let busy = false
  const beat = async (): Promise<void> => {
    if (busy) return
    busy = true
    try {
      sample(deps, moving)
      for (const execution of deps.scheduler.executions()) await execution.flush()
      const ready = await due(deps, wentBack())
      if (deps.clock.monotonicMs() >= nextSpaceCheck) {
        nextSpaceCheck = deps.clock.monotonicMs() + SPACE_CHECK_MS
        ready.push(...(await fitting(deps)))
      }
      await wakeAll(deps, ready)
    } catch (error) {
      deps.log.warn({ err: error }, 'a periodic check failed; it is tried again')
    } finally {
      busy = false
    }
  }
  return deps.clock.every(SAMPLE_MS, () => void beat())
}

/** Tells what moved, and once more when it stopped moving, so that the speed shown falls to 0. */
function sample({ scheduler, admission, clock, emit }: HeartbeatDeps, moving: Set<string>): void {
  for (const { id, progress } of scheduler.executions()) {
    if (progress === null) continue
    admission.update(id, progress.outstandingBytes)
    const files = progress.takeChanges()
    const speed = progress.bytesPerSecond()
    if (files.length === 0 && speed === 0 && !moving.has(id)) continue
    if (speed > 0) moving.add(id)
    else moving.delete(id)
    emit({
      seq: null,
      at: clock.now(),
      type: 'download.progressed',
      data: {
        id,
        progress: progressOf(progress.snapshot(), speed),
        files: files.map(({ path, receivedBytes, state }) => ({ path, receivedBytes, state })),
      },
    })
  }
}

/**
 * After a clock was set back no written time can be waited for: all are tried at once, and
 * a host that still rests, which is known by the monotonic clock, names a new time.
 */
async function due(
  { clock, downloads }: HeartbeatDeps,
  wentBack: boolean,
): Promise<DownloadRecord[]> {
  const now = clock.now()
  const waiting = await downloads.list({ states: ['waiting'], limit: 1_000 })
  return waiting.filter(({ retryAt }) => wentBack || (retryAt ?? 0) <= now)
}

/** @returns a function that tells whether the wall clock was set back since it was last asked */
function watchClock(clock: Clock): () => boolean {
  let offsetMs = clock.now() - clock.monotonicMs()
  return () => {
    const before = offsetMs
    offsetMs = clock.now() - clock.monotonicMs()
    return offsetMs < before - SET_BACK_MS
  }
}

/** Stopped by a full disk, and now there is room for them. */
async function fitting(deps: HeartbeatDeps): Promise<DownloadRecord[]> {
  const blocked = await deps.downloads.list({ states: ['blocked'], limit: 1_000 })
  const found: DownloadRecord[] = []
  for (const record of blocked) {
    if (record.reason?.code !== 'DISK_FULL' && record.reason?.code !== 'DISK_QUOTA') continue
    const demand = await spaceDemandOf(record, deps)
    if (demand !== null && (await deps.admission.weigh(demand)).ok) found.push(record)
  }
  return found
}

/** All of them first, so that it is the order of the queue that gives out the free slots. */
async function wakeAll(
  { ledger, scheduler }: HeartbeatDeps,
  records: readonly DownloadRecord[],
): Promise<void> {
  for (const { id, attempts } of records) {
    try {
      await ledger.move(id, 'wake', { patch: { attempts } })
    } catch (error) {
      // A person was quicker.
      if (isWindlassError(error, 'INVALID_STATE')) continue
      if (!isWindlassError(error, 'DOWNLOAD_NOT_FOUND')) throw error
    }
  }
  if (records.length > 0) scheduler.poke()
}
