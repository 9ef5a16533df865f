import { timingSafeEqual } from 'node:crypto'
import type { AccessStore, Clock, Secret } from '@windlass/engine'
import { hashOf } from './secret-hash.ts'

export interface ApiKeysOptions {
  readonly store: AccessStore
  readonly clock: Clock
  readonly token: Secret
  /** One more token that counts on the Unix socket only. */
  readonly socketToken: Secret | null
}

/** Which tokens open the API. From here on they are known by their digests alone. */
export interface ApiKeys {
  /** Digest of the token that counts everywhere. */
  readonly main: string
  /** Takes as long for a guess that is almost right as for any other. */
  matches(shown: string, by: 'tcp' | 'socket'): boolean
}

/** Notes the digests of the tokens in the database, where sessions refer to them. */
export async function openApiKeys(options: ApiKeysOptions): Promise<ApiKeys> {
  const { store, clock, token, socketToken } = options
  const main = hashOf(token.reveal())
  const all = socketToken === null ? [main] : [...new Set([main, hashOf(socketToken.reveal())])]
  for (const hash of all) {
    if ((await store.find(hash)) !== null) continue
    const createdAt = clock.now()
    await store.put({ hash, kind: 'token', grantedBy: null, createdAt, expiresAt: null })
  }
  const stale = (await store.list('token')).filter(({ hash }) => !all.includes(hash))
  await dropUnused(store, stale)
  return {
    main,
    matches(shown, by) {
      const given = Buffer.from(hashOf(shown))
      const accepted = by === 'socket' ? all : [main]
      return accepted.filter((known) => timingSafeEqual(Buffer.from(known), given)).length > 0
    },
  }
}

/**
 * A token that another start of this home knows (its operator gives it in some places only) keeps
 * its digest for as long as a session was given for it.
 */
async function dropUnused(
  store: AccessStore,
  stale: readonly { readonly hash: string }[],
): Promise<void> {
  const granting = new Set((await store.list('session')).map(({ grantedBy }) => grantedBy))
  const unused = stale.filter(({ hash }) => !granting.has(hash)).map(({ hash }) => hash)
  if (unused.length > 0) await store.remove(unused)
}
