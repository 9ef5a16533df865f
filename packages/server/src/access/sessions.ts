import type { AccessStore, Clock } from '@windlass/engine'
import { hashOf, newSecret } from './secret-hash.ts'

const LIFETIME_MS = 30 * 86_400_000
const MOST_SESSIONS = 64

export interface SessionsOptions {
  readonly store: AccessStore
  readonly clock: Clock
  /** Digest of the token for which sessions are given; with another token they open nothing. */
  readonly grantedBy: string
}

/** A session that holds now. */
export interface Session {
  readonly hash: string
  /** Epoch milliseconds. */
  readonly expiresAt: number
}

/** Sessions of browsers. They outlive a restart, and end with the operator's token. */
export class Sessions {
  readonly #options: SessionsOptions
  readonly #listeners = new Set<(hash: string) => void>()

  constructor(options: SessionsOptions) {
    this.#options = options
  }

  /** Makes room by ending those that are over, and then the oldest. */
  async open(): Promise<{ readonly secret: string; readonly expiresAt: number }> {
    const { store, clock, grantedBy } = this.#options
    const now = clock.now()
    const all = await store.list('session')
    const held = all.filter(({ expiresAt }) => (expiresAt ?? 0) > now)
    const over = all.filter((session) => !held.includes(session))
    const tooMany = held.slice(0, Math.max(0, held.length - MOST_SESSIONS + 1))
    await this.#end([...over, ...tooMany].map(({ hash }) => hash))
    const secret = newSecret().reveal()
    const expiresAt = now + LIFETIME_MS
    const hash = hashOf(secret)
    await store.put({ hash, kind: 'session', grantedBy, createdAt: now, expiresAt })
    return { secret, expiresAt }
  }

  /** The session that a secret opens. It is looked up by its digest, so no comparison tells of it. */
  async find(secret: string): Promise<Session | null> {
    const { store, clock, grantedBy } = this.#options
    const key = await store.find(hashOf(secret))
    if (key?.kind !== 'session' || key.grantedBy !== grantedBy || key.expiresAt === null)
      return null
    return key.expiresAt > clock.now() ? { hash: key.hash, expiresAt: key.expiresAt } : null
  }

  async end(hash: string): Promise<void> {
    await this.#end([hash])
  }

  /** Calls `listener` with each session that is ended, until the returned function is called. */
  onEnd(listener: (hash: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async #end(hashes: readonly string[]): Promise<void> {
    if (hashes.length === 0) return
    await this.#options.store.remove(hashes)
    for (const hash of hashes) for (const listener of this.#listeners) listener(hash)
  }
}
