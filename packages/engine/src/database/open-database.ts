import { Kysely } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import { WindlassError } from '../errors/windlass-error.ts'
import { keepCopyBeforeUpgrade } from './copy-before-upgrade.ts'
import { downloads } from './migrations/0001-downloads.ts'
import { ownLimits } from './migrations/0002-own-limits.ts'
import { lostStarts } from './migrations/0003-lost-starts.ts'
import { queue } from './migrations/0004-queue.ts'
import { limits } from './migrations/0005-limits.ts'
import { idempotency } from './migrations/0006-idempotency.ts'
import { accessKeys } from './migrations/0007-access-keys.ts'
import { listByState } from './migrations/0008-list-by-state.ts'
import { openSqlite } from './open-sqlite.ts'
import type { Schema } from './schema.ts'
import { TransactionalSqliteDialect } from './transactional-sqlite-dialect.ts'

/** In order; a name is never changed once it has been released. */
const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-downloads': downloads,
  '0002-own-limits': ownLimits,
  '0003-lost-starts': lostStarts,
  '0004-queue': queue,
  '0005-limits': limits,
  '0006-idempotency': idempotency,
  '0007-access-keys': accessKeys,
  '0008-list-by-state': listByState,
}

/**
 * Opens the engine's database, alone, and brings it to this program's schema: in one transaction,
 * and not before a copy of what an older program left is beside it.
 *
 * @throws WindlassError LOCK_HELD, STORAGE_BROKEN; DB_TOO_NEW when a newer program wrote it
 */
export async function openDatabase(file: string): Promise<Kysely<Schema>> {
  const database = new Kysely<Schema>({
    dialect: new TransactionalSqliteDialect({ database: openSqlite(file) }),
  })
  try {
    const applied = await appliedMigrations(database)
    refuseNewer(applied, file)
    const isOlder = Object.keys(MIGRATIONS).some((name) => !applied.includes(name))
    if (applied.length > 0 && isOlder) await keepCopyBeforeUpgrade(database, file)
    await migrate(database)
    return database
  } catch (error) {
    await database.destroy()
    throw error
  }
}

async function appliedMigrations(database: Kysely<Schema>): Promise<readonly string[]> {
  const tables = await database.introspection.getTables({ withInternalKyselyTables: true })
  if (!tables.some((table) => table.name === 'kysely_migration')) return []
  // The migrator's own table is not part of our schema.
  const rows = await database
    .withTables<{ kysely_migration: { name: string } }>()
    .selectFrom('kysely_migration')
    .select('name')
    .execute()
  return rows.map((row) => row.name)
}

function refuseNewer(applied: readonly string[], file: string): void {
  const unknown = applied.filter((name) => !(name in MIGRATIONS))
  if (unknown.length === 0) return
  throw new WindlassError('DB_TOO_NEW', {
    detail: `${file} has ${unknown.join(', ')}`,
    facts: { unknown: unknown.join(', ') },
  })
}

async function migrate(database: Kysely<Schema>): Promise<void> {
  const migrator = new Migrator({
    db: database,
    provider: { getMigrations: async () => ({ ...MIGRATIONS }) },
  })
  const { error } = await migrator.migrateToLatest()
  if (error !== undefined) throw error
}
