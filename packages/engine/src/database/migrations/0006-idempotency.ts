import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Which request each key of a client was sent with, and what came of it. */
export const idempotency: Migration = {
  // Kysely's own signature: a migration sees tables that no current type describes.
  async up(db: Kysely<never>): Promise<void> {
    await sql`
      create table idempotency_key (
        key text primary key,
        request_hash text not null,
        download_id text not null,
        created_at integer not null
      ) strict`.execute(db)
  },
}
