import type { Kysely } from 'kysely'
import type { AccessKey, AccessKind, AccessStore } from '../engine.ts'
import type { AccessKeyRow, Schema } from './schema.ts'

/** Digests of what opens the API, in the database. */
export class AccessRepository implements AccessStore {
  readonly #db: Kysely<Schema>

  constructor(database: Kysely<Schema>) {
    this.#db = database
  }

  async find(hash: string): Promise<AccessKey | null> {
    const row = await this.#db
      .selectFrom('access_key')
      .selectAll()
      .where('hash', '=', hash)
      .executeTakeFirst()
    return row === undefined ? null : keyOf(row)
  }

  async list(kind: AccessKind): Promise<readonly AccessKey[]> {
    const rows = await this.#db
      .selectFrom('access_key')
      .selectAll()
      .where('kind', '=', kind)
      .orderBy('created_at')
      .execute()
    return rows.map(keyOf)
  }

  async put({ hash, kind, grantedBy, createdAt, expiresAt }: AccessKey): Promise<void> {
    await this.#db
      .insertInto('access_key')
      .values({ hash, kind, granted_by: grantedBy, created_at: createdAt, expires_at: expiresAt })
      .execute()
  }

  async remove(hashes: readonly string[]): Promise<void> {
    await this.#db.deleteFrom('access_key').where('hash', 'in', hashes).execute()
  }
}

function keyOf({ hash, kind, granted_by, created_at, expires_at }: AccessKeyRow): AccessKey {
  return { hash, kind, grantedBy: granted_by, createdAt: created_at, expiresAt: expires_at }
}
