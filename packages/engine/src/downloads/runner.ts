import { classify } from '../errors/classify.ts'
import { isWindlassError, WindlassError } from '../errors/windlass-error.ts'
import type { Throttle } from '../net/bandwidth/throttle.ts'
import { StopRequest, stopIntent, withChildSignal } from '../runtime/stop-request.ts'
import type { CallOptions, RemoteFile } from '../sources/source.ts'
import type { TransferUnit } from '../stores/store.ts'
import type { StoredResolution } from './download-record.ts'
import { groupUnits } from './group-units.ts'
import { resolveRef } from './resolve-ref.ts'
import type { RunClaim, RunListener, RunOutcome } from './run-claim.ts'
import { RunProgress } from './run-progress.ts'
import type { RunFailures, RunnerDeps } from './runner-deps.ts'
import { transferUnits } from './transfer-units.ts'
import { uncountedPauseMs } from './uncounted-pause.ts'

/** A file that changes on the host again and again is left to the person. */
const MOST_CHANGES = 1

/**
 * Carries out one claim from resolution to publication. Touches no database: what
 * it learns it reports, and how it ended it returns.
 */
export class Runner {
  readonly #deps: RunnerDeps

  constructor(deps: RunnerDeps) {
    this.#deps = deps
  }

  async run(claim: RunClaim, listener: RunListener, { signal }: CallOptions): Promise<RunOutcome> {
    const failures: RunFailures = { attempts: claim.attempts }
    const { id, ref, limitRate } = claim
    const throttle = this.#deps.bandwidth.open({ id, source: ref.source, limitRate })
    try {
      return await this.#withinTimeLimit(claim, signal, (limited) =>
        this.#carryOut(claim, listener, { failures, throttle }, { signal: limited }),
      )
    } catch (thrown) {
      const intent = stopIntent(signal)
      if (intent !== null) return { kind: 'stopped', intent }
      return { kind: 'failed', error: classify(thrown), attempts: failures.attempts }
    } finally {
      throttle.close()
    }
  }

  async #carryOut(
    claim: RunClaim,
    listener: RunListener,
    { failures, throttle }: { readonly failures: RunFailures; readonly throttle: Throttle },
    { signal }: CallOptions,
  ): Promise<RunOutcome> {
    let resolution = claim.resolution ?? (await this.#resolve(claim, listener, failures, signal))
    for (let changes = 0; ; changes++) {
      try {
        return await this.#bring(resolution, claim, { listener, failures, throttle, signal })
      } catch (thrown) {
        signal.throwIfAborted()
        const error = classify(thrown)
        if (changes >= MOST_CHANGES || !isAnswerOld(error, resolution)) throw error
        const message = `${error.message}; asking the host anew`
        listener.tell({ type: 'noticed', notice: { code: error.code, message } })
        const fresh = await this.#resolve(claim, listener, failures, signal)
        resolution = { ...fresh, files: fresh.files.map(heldByDigest) }
      }
    }
  }

  async #bring(
    resolution: StoredResolution,
    claim: RunClaim,
    run: {
      readonly listener: RunListener
      readonly failures: RunFailures
      readonly throttle: Throttle
      readonly signal: AbortSignal
    },
  ): Promise<RunOutcome> {
    const { listener, failures, throttle, signal } = run
    const units = groupUnits(resolution.files)
    const store = this.#deps.store(resolution.placement)
    const progress = new RunProgress(units, () => this.#deps.clock.monotonicMs())
    await this.#reserve(claim.id, resolution, units)
    // Opened first: a destination that is written down says that the store was there.
    const session = await store.open(resolution.placement, claim.id, claim)
    await listener.report({
      type: 'started',
      progress,
      destination: store.destination(resolution.placement),
    })
    const { attempts } = failures
    const parts = { claim, resolution, units, session, progress, throttle, listener }
    const job = { ...parts, failures, attempts }
    await transferUnits({ ...job, runner: this.#deps }, { signal })
    const path = await session.finish()
    const sizeBytes = progress.snapshot().receivedBytes
    const verified = units.every((unit) => unit.file.digest !== null)
    const computedSha256 = progress.computedSha256()
    const computed = Object.keys(computedSha256).length === 0 ? {} : { computedSha256 }
    return { kind: 'completed', result: { path, sizeBytes, verified, ...computed } }
  }

  async #resolve(
    claim: RunClaim,
    listener: RunListener,
    failures: RunFailures,
    signal: AbortSignal,
  ): Promise<StoredResolution> {
    try {
      const { resolution, notices } = await this.#ask(claim, { signal })
      await listener.report({ type: 'resolved', resolution })
      for (const notice of notices) listener.tell({ type: 'noticed', notice })
      failures.attempts = 0
      return resolution
    } catch (thrown) {
      signal.throwIfAborted()
      const error = classify(thrown)
      // A host that names its time is obeyed, not counted: it is alive.
      const counts = error.retryAt === undefined && uncountedPauseMs(error) === null
      if (error.disposition === 'retry' && counts) failures.attempts++
      throw error
    }
  }

  /** Something on the way may garble one answer; a second one is the host's own. */
  async #ask(claim: RunClaim, options: CallOptions): ReturnType<typeof resolveRef> {
    try {
      return await resolveRef(this.#deps.sources, claim, options)
    } catch (thrown) {
      options.signal.throwIfAborted()
      if (!isWindlassError(classify(thrown), 'HTTP_PROTOCOL')) throw thrown
      return await resolveRef(this.#deps.sources, claim, options)
    }
  }

  async #reserve(
    id: string,
    resolution: StoredResolution,
    units: readonly TransferUnit[],
  ): Promise<void> {
    const { placement } = resolution
    const store = this.#deps.store(placement)
    const present = await store.survey(placement, units)
    const missing = units.filter((unit) => !present.has(unit.key))
    const staged = await store.stagedBytes(placement, id)
    await this.#deps.reserve({
      id,
      volume: await store.volume(placement),
      neededBytes: Math.max(0, sumBytes(missing) - staged),
      totalBytes: sumBytes(units),
    })
  }

  async #withinTimeLimit<T>(
    claim: RunClaim,
    signal: AbortSignal,
    body: (limited: AbortSignal) => Promise<T>,
  ): Promise<T> {
    return await withChildSignal(signal, (work) =>
      withChildSignal(signal, async (timer) => {
        let expired = false
        const waiting = this.#deps.clock
          .sleep(claim.timeLeftMs, { signal: timer.signal })
          .then(() => {
            expired = true
            work.abort(new StopRequest('shutdown'))
          })
          .catch(() => undefined) // the timer is ended below, or with the run
        try {
          return await body(work.signal)
        } catch (error) {
          if (expired) throw new WindlassError('TIME_LIMIT', { cause: error })
          throw error
        } finally {
          timer.abort(new StopRequest('shutdown'))
          await waiting
        }
      }),
    )
  }
}

/** What a revision pins cannot change: a host that says otherwise has another problem. */
function isAnswerOld(error: WindlassError, { revision }: StoredResolution): boolean {
  return error.code === 'SOURCE_CHANGED' && revision === null
}

/** Some hosts make up a validator for each request; where there is a digest, it decides. */
function heldByDigest(file: RemoteFile): RemoteFile {
  return file.digest === null ? file : { ...file, validator: null }
}

function sumBytes(units: readonly TransferUnit[]): number {
  return units.reduce((sum, { file }) => sum + (file.sizeBytes ?? 0), 0)
}
