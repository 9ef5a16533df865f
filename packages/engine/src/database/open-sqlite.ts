import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import type { SqliteDatabase } from 'kysely'
import { WindlassError } from '../errors/windlass-error.ts'
import { SQLITE_BUSY, SQLITE_NOTADB, sqliteCode } from './sqlite-error.ts'

const OLDEST_SAFE_SQLITE = '3.51.3'

const SETTINGS = [
  'locking_mode=exclusive',
  'journal_mode=wal',
  'synchronous=full',
  'foreign_keys=on',
] as const

const NOTHING_CHANGED = { changes: 0, lastInsertRowid: 0 }

/**
 * Opens the database file for this process alone, in the shape Kysely drives.
 * `synchronous=full` keeps an acknowledged commit through a power cut. SQLite
 * before 3.51.3 can corrupt a WAL file when two connections checkpoint at once,
 * and a distribution may link Node to its own SQLite: so the file has one owner
 * with one connection, and the version is asked for, not assumed.
 *
 * @throws WindlassError LOCK_HELD when another process owns the file,
 *   STORAGE_BROKEN when it is no database or the SQLite in use is too old
 */
export function openSqlite(file: string): SqliteDatabase {
  const database = new DatabaseSync(file)
  try {
    requireSafeSqlite(database)
    for (const setting of SETTINGS) database.exec(`pragma ${setting}`)
    database.exec('begin exclusive')
    database.exec('commit')
  } catch (error) {
    database.close()
    throw explain(error, file)
  }
  return {
    close: () => database.close(),
    prepare(sql) {
      const statement = database.prepare(sql)
      return {
        reader: statement.columns().length > 0,
        all: (values) => statement.all(...bindable(values)),
        run: (values) => {
          // A full disk makes SQLite roll back by itself; asking again would hide why.
          if (sql === 'rollback' && !database.isTransaction) return NOTHING_CHANGED
          return statement.run(...bindable(values))
        },
        iterate: (values) => statement.iterate(...bindable(values)),
      }
    },
  }
}

/** Kysely types parameters as `unknown`; SQLite itself refuses what it cannot bind. */
function bindable(values: readonly unknown[]): readonly SQLInputValue[] {
  return values as readonly SQLInputValue[]
}

function explain(error: unknown, file: string): unknown {
  const code = sqliteCode(error)
  if (code === SQLITE_BUSY) return new WindlassError('LOCK_HELD', { detail: file, cause: error })
  if (code === SQLITE_NOTADB) {
    return new WindlassError('STORAGE_BROKEN', {
      detail: `${file} is not a database`,
      hint: 'Move the file away; a new one is made at the next start.',
      cause: error,
    })
  }
  return error
}

function requireSafeSqlite(database: DatabaseSync): void {
  const version = String(database.prepare('select sqlite_version() as v').get()?.['v'])
  if (sqliteVersionNumber(version) >= sqliteVersionNumber(OLDEST_SAFE_SQLITE)) return
  throw new WindlassError('STORAGE_BROKEN', {
    detail: `SQLite ${version} is older than ${OLDEST_SAFE_SQLITE}`,
    hint: 'Use a Node.js that carries its own SQLite, version 24.15 or newer.',
    facts: { version },
  })
}

/** `3.51.3` becomes 3051003, the number SQLite itself uses. */
export function sqliteVersionNumber(version: string): number {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  return major * 1_000_000 + minor * 1_000 + patch
}
