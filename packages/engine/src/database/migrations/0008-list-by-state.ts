import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** A page of one state out of ten thousand downloads is read without sorting them all. */
export const listByState: Migration = {
  // Kysely's own signature: a migration sees tables that no current type describes.
  async up(db: Kysely<never>): Promise<void> {
    await sql`create index download_by_state_position on download (state, position)`.execute(db)
    await sql`
      create index download_to_clean on download (cleanup_pending) where cleanup_pending = 1`.execute(
      db,
    )
  },
}
