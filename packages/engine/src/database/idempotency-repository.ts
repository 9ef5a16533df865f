import type { Kysely } from 'kysely'
import type { IdempotencyRow, Schema } from './schema.ts'

/** The keys that clients sent with their requests. */
export class IdempotencyRepository {
  readonly #db: Kysely<Schema>

  constructor(database: Kysely<Schema>) {
    this.#db = database
  }

  /** `notBefore`: epoch milliseconds; older keys are forgotten. */
  async find(key: string, notBefore: number): Promise<IdempotencyRow | null> {
    const row = await this.#db
      .selectFrom('idempotency_key')
      .selectAll()
      .where('key', '=', key)
      .where('created_at', '>=', notBefore)
      .executeTakeFirst()
    return row ?? null
  }

  /** Keeps a key, in the place of a forgotten one too, and drops all that are older than `notBefore`. */
  async keep(row: IdempotencyRow, notBefore: number, db: Kysely<Schema> = this.#db): Promise<void> {
    await db.deleteFrom('idempotency_key').where('created_at', '<', notBefore).execute()
    await db.insertInto('idempotency_key').values(row).execute()
  }
}
