import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** How often in a row the program died while it worked on a download. */
export const lostStarts: Migration = {
  // Kysely's own signature: a migration sees tables that no current type describes.
  async up(db: Kysely<never>): Promise<void> {
    await sql`alter table download add column lost_starts integer not null default 0`.execute(db)
  },
}
