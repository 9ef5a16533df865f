import { tempDir } from '@windlass/testkit'
import { Kysely, SqliteDialect } from 'kysely'
import { Migrator } from 'kysely/migration'
import { expect, it } from 'vitest'
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

it('keeps what a database of the first version holds, and lets its downloads have all that is new (P15)', async () => {
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
