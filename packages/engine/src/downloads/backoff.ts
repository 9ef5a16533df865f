import type { WindlassError } from '../errors/windlass-error.ts'

export interface BackoffPolicy {
  readonly baseMs: number
  readonly capMs: number
}

/** DESIGN: 1 s doubling to 60 s, full jitter. */
export const RETRY_BACKOFF: BackoffPolicy = { baseMs: 1_000, capMs: 60_000 }

/**
 * Full-jitter exponential back-off, but never earlier than the host asked for.
 * `attempt` counts from 1; 0 means that the last attempt made progress.
 */
export function backoffMs(
  policy: BackoffPolicy,
  attempt: number,
  error: WindlassError,
  deps: { readonly now: () => number; readonly random: () => number },
): number {
  const ceiling = Math.min(policy.capMs, policy.baseMs * 2 ** Math.max(0, attempt - 1))
  const asked = error.retryAt === undefined ? 0 : error.retryAt - deps.now()
  const jittered = deps.random() * (attempt === 0 ? policy.baseMs / 4 : ceiling)
  // Whole milliseconds, as the database stores them.
  return Math.ceil(Math.max(asked, jittered))
}
