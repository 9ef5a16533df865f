import { setTimeout as delay } from 'node:timers/promises'

const LOOK_EVERY_MS = 5

export interface UntilOptions {
  readonly timeoutMs?: number
  /** Said when the time is over: what did not happen. */
  readonly what: string
}

/**
 * Looks again and again until `look` finds something, and returns that; `undefined` and `false`
 * mean "not yet".
 * @throws Error when it did not happen in time
 */
export async function until<T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
  { timeoutMs = 20_000, what }: UntilOptions,
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await delay(LOOK_EVERY_MS)
  }
}
