import { rm } from 'node:fs/promises'
import { type Kysely, sql } from 'kysely'
import { durableRename } from '../disk/durable-rename.ts'

/**
 * Where the database of the program before the last upgrade is. It is what a person puts in the
 * place of the database to go back to that program.
 */
export const copyBeforeUpgrade = (file: string): string => `${file}.before-upgrade`

/**
 * Copies a database as it is, durably and whole or not at all, to {@link copyBeforeUpgrade}. One
 * copy is kept: that of an earlier upgrade is replaced.
 */
export async function keepCopyBeforeUpgrade<T>(database: Kysely<T>, file: string): Promise<void> {
  const copy = copyBeforeUpgrade(file)
  const unfinished = `${copy}.unfinished`
  // SQLite writes into a new file only, and one that was cut off may be there.
  await rm(unfinished, { force: true })
  try {
    await sql`vacuum into ${unfinished}`.execute(database)
    await durableRename(unfinished, copy)
  } catch (error) {
    await rm(unfinished, { force: true })
    throw error
  }
}
