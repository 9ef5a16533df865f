import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** A download may have connections and a rate of its own. */
export const ownLimits: Migration = {
  // Kysely's own signature: a migration sees tables that no current type describes.
  async up(db: Kysely<never>): Promise<void> {
    await sql`alter table download add column connections integer`.execute(db)
    await sql`alter table download add column limit_rate integer`.execute(db)
  },
}
