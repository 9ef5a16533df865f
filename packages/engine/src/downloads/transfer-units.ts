import { classify } from '../errors/classify.ts'
import type { WindlassError } from '../errors/windlass-error.ts'
import type { Throttle } from '../net/bandwidth/throttle.ts'
import { StopRequest, withChildSignal } from '../runtime/stop-request.ts'
import type { CallOptions, Notice } from '../sources/source.ts'
import type { StoreSession, TransferUnit } from '../stores/store.ts'
import { backoffMs, RETRY_BACKOFF } from './backoff.ts'
import { ConnectionBudget } from './connection-budget.ts'
import { Crew } from './crew.ts'
import type { StoredResolution } from './download-record.ts'
import { type FetchContext, type FetchedUnit, type FetchOptions, fetchUnit } from './fetch-unit.ts'
import type { RunClaim, RunListener } from './run-claim.ts'
import type { RunProgress } from './run-progress.ts'
import type { RunFailures, RunnerDeps } from './runner-deps.ts'
import { uncountedPauseMs } from './uncounted-pause.ts'
import { UnitHashers } from './unit-hashers.ts'
import { UnitQueue } from './unit-queue.ts'

/** A pause longer than this frees the slot and shows as `waiting`. */
const LONGEST_SLEEP_MS = 5_000
/**
 * Units in work for each connection. One is fetched, the others are verified and published, which
 * for a small file takes longer than to fetch it; together they share their syncs of a folder.
 */
const UNITS_PER_CONNECTION = 3
/** Damaged bytes and files that changed are fetched once more, not for ever. */
const MOST_FRESH_STARTS = 1

export interface TransferJob {
  readonly claim: RunClaim
  readonly resolution: StoredResolution
  readonly units: readonly TransferUnit[]
  readonly session: StoreSession
  readonly progress: RunProgress
  readonly throttle: Throttle
  readonly listener: RunListener
  readonly failures: RunFailures
  /** Failures in a row without progress when the units are begun: none, where the host has just answered. */
  readonly attempts: number
  readonly runner: RunnerDeps
}

interface UnitHistory {
  /** Failures in a row without a new byte. */
  attempts: number
  /** Times the bytes were thrown away because they were wrong. */
  freshStarts: number
  /** The host answered once in a way that makes no sense. */
  sawNonsense: boolean
  /** Its last failure was for want of something that the machine lacks, and that was told. */
  isWaiting: boolean
}

/**
 * Brings all units into place, several at once. A unit whose failure may pass is
 * tried again after a pause while the others go on; any other failure stops all of
 * them at a safe point.
 *
 * @throws WindlassError of the first failure that is not a matter of waiting a little
 */
export async function transferUnits(job: TransferJob, { signal }: CallOptions): Promise<void> {
  const { clock, random, hashing } = job.runner
  const budget = new ConnectionBudget(job.claim.connections)
  const hashers = new UnitHashers(hashing)
  const run: UnitRun = {
    job,
    budget,
    crew: new Crew(Math.min(job.claim.connections * UNITS_PER_CONNECTION, job.units.length), clock),
    queue: new UnitQueue(job.units, { clock, random, longestSleepMs: LONGEST_SLEEP_MS }),
    context: fetchContext(job, { budget, hashers }),
    histories: new Map(),
  }
  try {
    await withChildSignal(signal, async (child) => {
      let failure: unknown
      const stopAll = (error: unknown): void => {
        failure ??= error
        child.abort(new StopRequest('shutdown'))
      }
      await workTogether(run, () => fetchInTurn(run, child.signal).catch(stopAll))
      signal.throwIfAborted()
      if (failure !== undefined) throw failure
    })
  } finally {
    hashers.disposeAll()
  }
}

/** Keeps as many at work as there are connections and units; more join when the limit is raised. */
async function workTogether(run: UnitRun, work: () => Promise<void>): Promise<void> {
  const { budget, crew, job } = run
  const atWork = new Set<Promise<void>>()
  const begin = (): void => {
    const working = work().finally(() => atWork.delete(working))
    atWork.add(working)
  }
  const hire = (): void => {
    while (atWork.size > 0 && crew.size < Math.min(budget.limit, job.units.length)) {
      crew.join()
      begin()
    }
  }
  const { ownConnections } = job.claim
  const unfollow = job.runner.connections.follow({ budget, own: ownConnections, onGrow: hire })
  try {
    for (let n = 0; n < crew.size; n++) begin()
    while (atWork.size > 0) await Promise.all(atWork)
  } finally {
    unfollow()
  }
}

/** What the workers of one run share. */
interface UnitRun {
  readonly job: TransferJob
  readonly queue: UnitQueue
  readonly budget: ConnectionBudget
  readonly crew: Crew
  readonly context: FetchContext
  readonly histories: Map<string, UnitHistory>
}

/**
 * One worker: a unit at a time, with a connection of its own while bytes of it are missing, until no
 * unit is left or it may go.
 */
async function fetchInTurn(run: UnitRun, signal: AbortSignal): Promise<void> {
  while (!run.crew.mayLeave()) {
    const unit = await run.queue.take({ signal })
    if (unit === null) return
    // While a worker waits for a unit, its connection helps the files at work.
    const leave = await run.budget.enter({ signal })
    try {
      await attempt(unit, historyOf(run.histories, unit, run.job), run, { signal, leave })
    } finally {
      leave()
    }
  }
}

async function attempt(
  unit: TransferUnit,
  history: UnitHistory,
  run: UnitRun,
  { signal, leave }: CallOptions & Pick<FetchOptions, 'leave'>,
): Promise<void> {
  const { job, queue, context } = run
  try {
    const bypassCaches = history.freshStarts > 0
    complete(unit, await fetchUnit(unit, context, { signal, bypassCaches, leave }), job)
    queue.done()
  } catch (thrown) {
    signal.throwIfAborted()
    const error = classify(thrown)
    const pauseMs = await judgeFailure(unit, error, history, run)
    queue.retryLater(unit, job.runner.clock.now() + pauseMs, error)
  }
}

function complete(unit: TransferUnit, fetched: FetchedUnit, job: TransferJob): void {
  const { present } = fetched
  job.progress.done(unit, fetched)
  for (const path of unit.paths) {
    const sizeBytes = job.progress.sizeOf(unit)
    job.listener.tell({ type: 'file-completed', path, sizeBytes, present })
  }
}

/**
 * Decides what a failed attempt means.
 * @returns the pause before the next attempt
 * @throws the error when there is to be none
 */
async function judgeFailure(
  unit: TransferUnit,
  error: WindlassError,
  history: UnitHistory,
  { job, queue, crew, budget }: UnitRun,
): Promise<number> {
  const { clock, random } = job.runner
  job.progress.enter(unit, 'pending')
  const gained = job.progress.gainedBytes(unit) > 0
  if (gained) history.attempts = 0
  job.failures.attempts = history.attempts
  // Without a revision that pins it the file may well be another one: only the host can say.
  if (error.code === 'SOURCE_CHANGED' && job.resolution.revision === null) throw error
  if (error.code === 'HASH_MISMATCH' || error.disposition === 'restart') {
    if (history.freshStarts >= MOST_FRESH_STARTS) throw error
    history.freshStarts++
    job.listener.tell({ type: 'noticed', notice: noticeOf(unit, error, 'starting this file anew') })
    await job.listener.report({ type: 'refetching' })
    return 0
  }
  if (error.code === 'HTTP_PROTOCOL' && !history.sawNonsense) {
    // Something on the way may garble one answer; a second one is the host's own.
    history.sawNonsense = true
    job.listener.tell({ type: 'noticed', notice: noticeOf(unit, error, 'asking once more') })
    return backoffMs(RETRY_BACKOFF, 1, error, { now: () => clock.now(), random })
  }
  if (error.disposition !== 'retry') throw error
  const uncountedMs = uncountedPauseMs(error)
  if (uncountedMs !== null) {
    const wantsLess = error.code === 'TOO_MANY_FILES'
    const notice = noticeOf(unit, error, wantsLess ? 'doing less at once' : 'waiting for it')
    if (wantsLess ? crew.halve() : !history.isWaiting) {
      job.listener.tell({ type: 'noticed', notice })
    }
    // Who leaves takes its connection along: lent to others it would need as many descriptors.
    if (wantsLess) budget.shrinkTo(Math.ceil(crew.remaining / UNITS_PER_CONNECTION))
    history.isWaiting = true
    return uncountedMs
  }
  history.isWaiting = false
  if (error.code === 'STORE_CHANGED') {
    // The staging folder may be gone with it: only a new start opens the store again.
    job.failures.attempts = history.attempts + 1
    throw error
  }
  // A host that names its time is obeyed, not counted: it is alive.
  if (!gained && error.retryAt === undefined) history.attempts++
  job.failures.attempts = history.attempts
  if (history.attempts >= job.claim.retries) throw error
  const pauseMs = backoffMs(RETRY_BACKOFF, history.attempts, error, {
    now: () => clock.now(),
    random,
  })
  const when = `trying again in ${Math.max(1, Math.round(pauseMs / 1000))} s`
  // One host's rest is one piece of news, however many files run into it.
  if (error.retryAt !== undefined && !queue.holdAll(error.retryAt, error)) return pauseMs
  job.listener.tell({ type: 'noticed', notice: noticeOf(unit, error, when) })
  return pauseMs
}

function noticeOf({ file }: TransferUnit, error: WindlassError, next: string): Notice {
  return { code: error.code, message: `${error.message}; ${next}`, path: file.path }
}

function historyOf(
  histories: Map<string, UnitHistory>,
  unit: TransferUnit,
  { attempts }: TransferJob,
): UnitHistory {
  const history = histories.get(unit.key) ?? {
    attempts,
    freshStarts: 0,
    sawNonsense: false,
    isWaiting: false,
  }
  histories.set(unit.key, history)
  return history
}

function fetchContext(
  job: TransferJob,
  shared: Pick<FetchContext, 'hashers'> & { readonly budget: ConnectionBudget },
): FetchContext {
  const { claim, resolution, runner, listener } = job
  const source = runner.sources.get(claim.ref.source)
  return {
    carrier: runner.carrier,
    hashers: shared.hashers,
    // One connection has nobody to share a file with.
    spare: () => (shared.budget.limit > 1 ? shared.budget : null),
    session: job.session,
    progress: job.progress,
    throttle: job.throttle,
    identity: `${claim.ref.canonical} ${resolution.revision ?? ''}`,
    locate: ({ file }, options) =>
      source.locate({ ref: claim.ref, revision: resolution.revision, file }, options),
    onNotice: (notice) => listener.tell({ type: 'noticed', notice }),
    onAllReceived: () => listener.report({ type: 'received' }),
  }
}
