import type { EngineLimits, ReservePolicy } from '../downloads/settings.ts'

/** What counts where nobody says otherwise; the settings of the server have the same defaults. */
export const DEFAULT_LIMITS: EngineLimits = {
  maxActive: 3,
  maxQueued: 10_000,
  connections: 8,
  retries: 5,
  timeLimitMs: 24 * 60 * 60 * 1000,
}

export const DEFAULT_RESERVE: ReservePolicy = { share: 0.1, minBytes: 1024 ** 3 }
