import type { Clock } from '@windlass/engine'
import { hashOf, newSecret } from './secret-hash.ts'

/** `sign-in` opens a session for a browser; `ticket` opens one WebSocket. */
export type CodePurpose = 'sign-in' | 'ticket'

const LIFETIME_MS: Readonly<Record<CodePurpose, number>> = {
  'sign-in': 60 * 60_000,
  ticket: 30_000,
}
const MOST_CODES = 1000

export interface IssuedCode {
  readonly code: string
  /** Epoch milliseconds. */
  readonly expiresAt: number
}

interface KnownCode {
  readonly purpose: CodePurpose
  /** Monotonic. */
  readonly until: number
}

/** Codes that work once and not for long; they are kept in memory, as digests, and end with the server. */
export class SingleUseCodes {
  readonly #clock: Clock
  readonly #codes = new Map<string, KnownCode>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  issue(purpose: CodePurpose): IssuedCode {
    const code = newSecret().reveal()
    const now = this.#clock.monotonicMs()
    for (const [hash, { until }] of this.#codes) if (until <= now) this.#codes.delete(hash)
    const [oldest] = this.#codes.keys()
    if (this.#codes.size >= MOST_CODES && oldest !== undefined) this.#codes.delete(oldest)
    const lifetimeMs = LIFETIME_MS[purpose]
    this.#codes.set(hashOf(code), { purpose, until: now + lifetimeMs })
    return { code, expiresAt: this.#clock.now() + lifetimeMs }
  }

  /** True once for each code. Digests are compared, so the time it takes says nothing of a code. */
  redeem(purpose: CodePurpose, code: string): boolean {
    const hash = hashOf(code)
    const known = this.#codes.get(hash)
    if (known?.purpose !== purpose) return false
    this.#codes.delete(hash)
    return known.until > this.#clock.monotonicMs()
  }
}
