import { setTimeout as delay } from 'node:timers/promises'

/** Time as a dependency, so that tests do not wait. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number
  /** Milliseconds that never jump, for speeds and time-outs. */
  monotonicMs(): number
  /** Rejects with the signal's reason as soon as it aborts. */
  sleep(ms: number, options: { readonly signal: AbortSignal }): Promise<void>
  /** Calls `tick` until the returned function is called; does not keep the process alive. */
  every(ms: number, tick: () => void): () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  async sleep(ms, { signal }) {
    try {
      await delay(ms, undefined, { signal })
    } catch (error) {
      signal.throwIfAborted()
      throw error
    }
  },
  every(ms, tick) {
    const timer = setInterval(tick, ms)
    timer.unref()
    return () => clearInterval(timer)
  },
}
