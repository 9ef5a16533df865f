import { readdir, stat, writeFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { tempDir } from '@windlass/testkit'
import { Kysely, SqliteDialect } from 'kysely'
import { Migrator } from 'kysely/migration'
import { expect, it } from 'vitest'
import { copyBeforeUpgrade } from '../copy-before-upgrade.ts'
import { DownloadRepository } from '../download-repository.ts'
import { openDatabase } from '../open-database.ts'
import { openSqlite } from '../open-sqlite.ts'
import type { DownloadRow, Schema } from '../schema.ts'
import { downloads } from './0001-downloads.ts'

/** As the first version of the program wrote it. */
const OLD_ROW: Omit<DownloadRow, 'connections' | 'limit_rate' | 'lost_starts' | 'rank'> = {
  id: 'abc',
  source: 'huggingface',
  canonical: 'models/org/name',
  ref: 'org/name',
  include: '["*.json"]',
  exclude: null,
  job_key: 'key',
  title: 'org/name',
  state: 'paused',
  reason: null,
  priority: 7,
  position: 1,
  interrupted: 0,
  fence: 3,
  attempts: 0,
  revision: 'main',
  destination: '/cache',
  result: null,
  receipt: null,
  cleanup_pending: 0,
  received_bytes: 1234,
  total_bytes: 5678,
  files_done: 1,
  files_total: 2,
  retry_at: null,
  created_at: 1000,
  started_at: 2000,
  finished_at: null,
  elapsed_ms: 3000,
}

async function writeOldDatabase(file: string): Promise<void> {
  const database = new Kysely<{ download: typeof OLD_ROW; resolution: Schema['resolution'] }>({
    dialect: new SqliteDialect({ database: openSqlite(file) }),
  })
  const provider = { getMigrations: async () => ({ '0001-downloads': downloads }) }
  const { error } = await new Migrator({ db: database, provider }).migrateToLatest()
  expect(error).toBeUndefined()
  await database.insertInto('download').values(OLD_ROW).execute()
  const resolution = { download_id: 'abc', json: '{"title":"org/name"}', files: null }
  await database.insertInto('resolution').values(resolution).execute()
  await database.destroy()
}

it('P15: keeps what a database of the first version holds, and lets its downloads have all that is new', async () => {
  await using dir = await tempDir()
  const file = dir.join('windlass.db')
  await writeOldDatabase(file)
  const database = await openDatabase(file)
  const repository = new DownloadRepository(database)
  const before = await repository.find('abc')
  expect(before).toMatchObject({
    state: 'paused',
    priority: 7,
    selection: { include: ['*.json'], exclude: null },
    progress: { receivedBytes: 1234, totalBytes: 5678, filesDone: 1, filesTotal: 2 },
    connections: null,
    limitRate: null,
    lostStarts: 0,
    rank: 1_048_576,
  })
  expect(await repository.resolution('abc')).toEqual({ title: 'org/name' })
  if (before === null) return
  const own = { connections: 2, limitRate: 5_000_000 }
  await repository.update(database, { ...before, ...own }, own)
  await database.destroy()
  const again = await openDatabase(file)
  expect(await new DownloadRepository(again).find('abc')).toMatchObject(own)
  await again.destroy()
})

const MIGRATIONS_DONE = 'select name from kysely_migration order by name'

it('P15: keeps one copy of what the older program left, as it was', async () => {
  await using dir = await tempDir()
  const file = dir.join('windlass.db')
  await writeOldDatabase(file)
  // A copy that was cut off, and one of an upgrade before.
  await writeFile(`${copyBeforeUpgrade(file)}.unfinished`, 'cut off')
  await writeFile(copyBeforeUpgrade(file), 'of long ago')
  await (await openDatabase(file)).destroy()
  const copy = new DatabaseSync(copyBeforeUpgrade(file), { readOnly: true })
  expect(copy.prepare(MIGRATIONS_DONE).all()).toEqual([{ name: '0001-downloads' }])
  expect(copy.prepare('select * from download').all()).toEqual([OLD_ROW])
  expect(copy.prepare('pragma integrity_check').get()).toEqual({ integrity_check: 'ok' })
  copy.close()
  const before = await readdir(dir.path)
  expect(before.filter((name) => name.includes('unfinished'))).toEqual([])
  const { mtimeMs } = await stat(copyBeforeUpgrade(file))
  // Nothing to upgrade: the copy stays what it is.
  await (await openDatabase(file)).destroy()
  expect((await stat(copyBeforeUpgrade(file))).mtimeMs).toBe(mtimeMs)
})

it('P15: a new home has nothing to copy', async () => {
  await using dir = await tempDir()
  await (await openDatabase(dir.join('windlass.db'))).destroy()
  expect((await readdir(dir.path)).filter((name) => name.includes('upgrade'))).toEqual([])
})

it('P15: an upgrade that fails in its middle has changed nothing, and is made whole by the next start', async () => {
  await using dir = await tempDir()
  const file = dir.join('windlass.db')
  await writeOldDatabase(file)
  // What the last but one migration makes is in its way, after three others were made.
  change(file, 'create table setting (in_the_way text)')
  await expect(openDatabase(file)).rejects.toThrow(/setting/)
  const raw = new DatabaseSync(file)
  expect(raw.prepare(MIGRATIONS_DONE).all()).toEqual([{ name: '0001-downloads' }])
  expect(raw.prepare('select * from download').all()).toEqual([OLD_ROW])
  raw.close()
  change(file, 'drop table setting')
  const database = await openDatabase(file)
  expect(await new DownloadRepository(database).find('abc')).toMatchObject({ rank: 1_048_576 })
  await database.destroy()
})

function change(file: string, statement: string): void {
  const database = new DatabaseSync(file)
  database.exec(statement)
  database.close()
}
