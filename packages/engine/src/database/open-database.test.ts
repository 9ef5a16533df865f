import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { tempDir } from '@windlass/testkit'
import { sql } from 'kysely'
import { assert, expect, it } from 'vitest'
import { openDatabase } from './open-database.ts'
import { sqliteVersionNumber } from './open-sqlite.ts'
import { SQLITE_FULL } from './sqlite-error.ts'

it('refuses a second owner, in this process and in another', async () => {
  await using dir = await tempDir()
  const file = join(dir.path, 'windlass.db')
  const script = `
    const { DatabaseSync } = require('node:sqlite')
    const db = new DatabaseSync(process.argv[1])
    for (const s of ['locking_mode=exclusive', 'journal_mode=wal']) db.exec('pragma ' + s)
    db.exec('begin exclusive'); db.exec('create table t (x)'); db.exec('commit')
    console.log('owned'); setInterval(() => {}, 1000)`
  const owner = spawn(process.execPath, ['-e', script, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    await once(owner.stdout, 'data')
    await expect(openDatabase(file)).rejects.toMatchObject({ code: 'LOCK_HELD' })
  } finally {
    owner.kill('SIGKILL')
    await once(owner, 'exit')
  }
  const database = await openDatabase(file)
  await expect(openDatabase(file)).rejects.toMatchObject({ code: 'LOCK_HELD' })
  await database.destroy()
  const again = await openDatabase(file)
  await again.destroy()
})

it('refuses a database that a newer program wrote, and changes nothing in it', async () => {
  await using dir = await tempDir()
  const file = join(dir.path, 'windlass.db')
  await (await openDatabase(file)).destroy()
  const raw = new DatabaseSync(file)
  raw.exec(`insert into kysely_migration (name, timestamp) values ('9999-future', '2030')`)
  const count = 'select count(*) as n from kysely_migration'
  const before = raw.prepare(count).get()
  raw.close()
  await expect(openDatabase(file)).rejects.toMatchObject({ code: 'DB_TOO_NEW' })
  const after = new DatabaseSync(file)
  expect(after.prepare(count).get()).toEqual(before)
  after.close()
})

it('says so when the file is no database', async () => {
  await using dir = await tempDir()
  const file = join(dir.path, 'windlass.db')
  await writeFile(
    file,
    'this is a text file, not a database, and long enough to be looked at'.repeat(20),
  )
  await expect(openDatabase(file)).rejects.toMatchObject({ code: 'STORAGE_BROKEN' })
})

it('keeps every acknowledged commit: full synchronisation and a write-ahead log', async () => {
  await using dir = await tempDir()
  const database = await openDatabase(join(dir.path, 'windlass.db'))
  const { sql } = await import('kysely')
  const pragma = async (name: string): Promise<unknown> => {
    const { rows } = await sql<Record<string, unknown>>`pragma ${sql.raw(name)}`.execute(database)
    assert(rows[0])
    return Object.values(rows[0])[0]
  }
  expect(await pragma('synchronous')).toBe(2)
  expect(await pragma('journal_mode')).toBe('wal')
  expect(await pragma('locking_mode')).toBe('exclusive')
  await database.destroy()
})

it('compares SQLite versions as SQLite does', () => {
  expect(sqliteVersionNumber('3.51.3')).toBe(3_051_003)
  expect(sqliteVersionNumber('3.9.0')).toBeLessThan(sqliteVersionNumber('3.51.3'))
})

it('says that the disk is full when a transaction fails for that', async () => {
  await using dir = await tempDir()
  const database = await openDatabase(dir.join('windlass.db'))
  try {
    const { page_count } = (await sql<{ page_count: number }>`pragma page_count`.execute(database))
      .rows[0] ?? { page_count: 0 }
    await sql.raw(`pragma max_page_count = ${page_count}`).execute(database)
    const crowd = database.transaction().execute(async (db) => {
      await sql`create table crowd (text)`.execute(db)
      await sql`insert into crowd values (zeroblob(100000))`.execute(db)
    })
    await expect(crowd).rejects.toMatchObject({ errcode: SQLITE_FULL })
    // Rolled back by SQLite itself, and fit for the next one.
    await database.transaction().execute((db) => sql`select 1`.execute(db))
  } finally {
    await database.destroy()
  }
})
