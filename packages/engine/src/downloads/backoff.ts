import type { WindlassError } from '../errors/windlass-error.ts'

export interface BackoffPolicy {
  readonly baseMs: number
  readonly capMs: number
}

/** Downloads that wait for the same host do not all come back in the same moment. */
export const REST_SPREAD_MS = 500

/** DESIGN: 1 s doubling to 60 s, full jitter. */
export const RETRY_BACKOFF: BackoffPolicy = { baseMs: 1_000, capMs: 60_000 }

/**
 * Full-jitter exponential back-off, but never earlier than the host asked for, and a little
 * later by chance.
 * `attempt` counts from 1; 0 means that the last attempt made progress.
 */
export function backoffMs(
  policy: BackoffPolicy,
  attempt: number,
  error: WindlassError,
  deps: { readonly now: () => number; readonly random: () => number },
): number {
  const ceiling = Math.min(policy.capMs, policy.baseMs * 2 ** Math.max(0, attempt - 1))
  const random = deps.random()
  const jittered = random * (attempt === 0 ? policy.baseMs / 4 : ceiling)
  if (error.retryAt === undefined) return Math.ceil(jittered)
  const asked = Math.max(0, error.retryAt - deps.now()) + random * REST_SPREAD_MS
  // Whole milliseconds, as the database stores them.
  return Math.ceil(Math.max(asked, jittered))
}
