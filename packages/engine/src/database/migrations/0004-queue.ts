import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** The queue has an order of its own, which a person can change; at first it is that of arrival. */
export const queue: Migration = {
  // Kysely's own signature: a migration sees tables that no current type describes.
  async up(db: Kysely<never>): Promise<void> {
    await sql`alter table download add column rank integer not null default 0`.execute(db)
    await sql`update download set rank = position * 1048576`.execute(db)
    await sql`drop index download_by_state`.execute(db)
    await sql`
      create index download_by_state
      on download (state, interrupted desc, priority desc, rank)`.execute(db)
    await sql`create index download_by_rank on download (rank)`.execute(db)
  },
}
