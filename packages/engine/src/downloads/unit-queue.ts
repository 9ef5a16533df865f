import { WindlassError } from '../errors/windlass-error.ts'
import type { Clock } from '../runtime/clock.ts'
import { StopRequest, withChildSignal } from '../runtime/stop-request.ts'
import type { TransferUnit } from '../stores/store.ts'
import { REST_SPREAD_MS } from './backoff.ts'

interface Pause {
  /** On the monotonic clock: the other one may be set in the middle. */
  readonly notBefore: number
  readonly error: WindlassError
}

interface Delayed extends Pause {
  readonly unit: TransferUnit
}

export interface UnitQueueOptions {
  readonly clock: Clock
  readonly random: () => number
  /** A longer pause is the scheduler's business: it outlives this process, so it is stored, not slept. */
  readonly longestSleepMs: number
}

/** The units of one run that are still to be fetched; a failed one comes back after its pause. */
export class UnitQueue {
  readonly #fresh: TransferUnit[]
  readonly #delayed: Delayed[] = []
  readonly #waiting = new Set<AbortController>()
  readonly #options: UnitQueueOptions
  #hold: (Pause & { readonly asked: number }) | null = null
  #inFlight = 0

  constructor(units: readonly TransferUnit[], options: UnitQueueOptions) {
    this.#fresh = [...units]
    this.#options = options
  }

  /**
   * The next unit that may be fetched now; null when all are done. Waits for a
   * pause to end or for a unit in flight to come back.
   * @throws WindlassError of the unit that may be tried first, with `retryAt`, when nothing
   *   is in flight and every pause is longer than is worth sleeping
   */
  async take(options: { readonly signal: AbortSignal }): Promise<TransferUnit | null> {
    for (;;) {
      options.signal.throwIfAborted()
      const unit = this.#takeReady()
      if (unit !== undefined) {
        this.#inFlight++
        return unit
      }
      const next = this.#nextPause()
      if (this.#inFlight === 0 && next === null) return null
      if (this.#inFlight === 0 && next !== null) this.#refuseLongSleep(next)
      await this.#wait(next, options.signal)
    }
  }

  /** The unit is published. */
  done(): void {
    this.#inFlight--
    this.#wake()
  }

  /** The unit failed and may be tried again at `notBefore`, epoch milliseconds. */
  retryLater(unit: TransferUnit, notBefore: number, error: WindlassError): void {
    this.#inFlight--
    this.#delayed.push({ unit, notBefore: this.#monotonic(notBefore), error })
    this.#delayed.sort((a, b) => a.notBefore - b.notBefore)
    this.#wake()
  }

  /**
   * Hands out nothing before `until`, epoch milliseconds: the host asked for rest, and
   * every unit would only run into it. Downloads that wait for the same host come back a little
   * apart.
   * @returns false when it rests at least so long already
   */
  holdAll(until: number, error: WindlassError): boolean {
    if (this.#hold !== null && this.#hold.asked >= until) return false
    const spreadMs = Math.floor(this.#options.random() * REST_SPREAD_MS)
    this.#hold = { asked: until, notBefore: this.#monotonic(until) + spreadMs, error }
    return true
  }

  #takeReady(): TransferUnit | undefined {
    const now = this.#options.clock.monotonicMs()
    if (this.#hold !== null && this.#hold.notBefore > now) return undefined
    const fresh = this.#fresh.shift()
    if (fresh !== undefined) return fresh
    const next = this.#delayed[0]
    if (next === undefined || next.notBefore > now) return undefined
    this.#delayed.shift()
    return next.unit
  }

  /** When the next unit can be handed out, and what it waits for; null when none is left. */
  #nextPause(): Pause | null {
    const delayed = this.#delayed[0]
    if (this.#fresh.length === 0 && delayed === undefined) return null
    const hold = this.#hold
    if (
      hold !== null &&
      (delayed === undefined || this.#fresh.length > 0 || hold.notBefore >= delayed.notBefore)
    ) {
      return hold
    }
    return delayed ?? null
  }

  #refuseLongSleep({ notBefore, error }: Pause): void {
    const { clock, longestSleepMs } = this.#options
    const pauseMs = notBefore - clock.monotonicMs()
    if (pauseMs <= longestSleepMs) return
    throw new WindlassError(error.code, {
      cause: error,
      retryAt: Math.ceil(clock.now() + pauseMs),
      facts: error.facts,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    })
  }

  /** Until the next pause ends or the queue changes. */
  async #wait(next: Pause | null, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options
    await withChildSignal(signal, async (child) => {
      this.#waiting.add(child)
      try {
        const pauseMs = next === null ? 60_000 : Math.max(0, next.notBefore - clock.monotonicMs())
        await clock.sleep(pauseMs, { signal: child.signal })
      } catch (error) {
        signal.throwIfAborted()
        if (!child.signal.aborted) throw error
      } finally {
        this.#waiting.delete(child)
      }
    })
  }

  #monotonic(epochMs: number): number {
    const { clock } = this.#options
    return epochMs - clock.now() + clock.monotonicMs()
  }

  #wake(): void {
    for (const child of this.#waiting) child.abort(new StopRequest('shutdown'))
  }
}
