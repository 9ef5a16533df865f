import { DatabaseSync } from 'node:sqlite'

/** SQLite's own judgement of a home's database that nobody has open; `ok` when it is whole. */
export function checkDatabase(home: string): string {
  const database = new DatabaseSync(`${home}/windlass.db`)
  try {
    const row = database.prepare('pragma integrity_check').get()
    return String(row?.['integrity_check'])
  } finally {
    database.close()
  }
}
