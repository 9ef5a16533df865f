import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** What people changed while the program ran, by name: it stays over restarts. */
export const limits: Migration = {
  // Kysely's own signature: a migration sees tables that no current type describes.
  async up(db: Kysely<never>): Promise<void> {
    await sql`create table setting (name text primary key, json text not null) strict`.execute(db)
  },
}
