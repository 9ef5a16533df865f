import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** What opens the API, as digests: a copy of the database opens nothing. */
export const accessKeys: Migration = {
  // Kysely's own signature: a migration sees tables that no current type describes.
  async up(db: Kysely<never>): Promise<void> {
    await sql`
      create table access_key (
        hash text primary key,
        kind text not null,
        granted_by text references access_key (hash) on delete cascade,
        created_at integer not null,
        expires_at integer
      ) strict, without rowid`.execute(db)
  },
}
