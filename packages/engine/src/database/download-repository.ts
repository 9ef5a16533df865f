import type { DownloadState } from '@windlass/contract'
import { type Kysely, sql } from 'kysely'
import type {
  DownloadPatch,
  DownloadRecord,
  FileSnapshot,
  StoredResolution,
} from '../downloads/download-record.ts'
import type { EngineStats } from '../engine.ts'
import { changedColumns, recordOf, rowOf } from './download-row.ts'
import type { Schema } from './schema.ts'

export interface DownloadFilter {
  readonly states?: readonly DownloadState[]
  readonly source?: string
  /** Part of the ref or the title. */
  readonly text?: string
  /** Only downloads after this one in the list. */
  readonly afterPosition?: number
  readonly limit: number
}

/** Downloads in the database. Every method may run inside a transaction: pass it as `db`. */
export class DownloadRepository {
  readonly #db: Kysely<Schema>

  constructor(database: Kysely<Schema>) {
    this.#db = database
  }

  async insert(db: Kysely<Schema>, record: DownloadRecord): Promise<void> {
    await db.insertInto('download').values(rowOf(record)).execute()
  }

  async find(id: string, db: Kysely<Schema> = this.#db): Promise<DownloadRecord | null> {
    const row = await db.selectFrom('download').selectAll().where('id', '=', id).executeTakeFirst()
    return row === undefined ? null : recordOf(row)
  }

  /** The newest download of a job, whatever its state. */
  async findByJob(jobKey: string): Promise<DownloadRecord | null> {
    const row = await this.#db
      .selectFrom('download')
      .selectAll()
      .where('job_key', '=', jobKey)
      .orderBy('created_at', 'desc')
      .orderBy('position', 'desc')
      .limit(1)
      .executeTakeFirst()
    return row === undefined ? null : recordOf(row)
  }

  /** Newest first. */
  async list(filter: DownloadFilter): Promise<readonly DownloadRecord[]> {
    let query = this.#db.selectFrom('download').selectAll()
    if (filter.states !== undefined) query = query.where('state', 'in', filter.states)
    if (filter.source !== undefined) query = query.where('source', '=', filter.source)
    if (filter.afterPosition !== undefined) {
      query = query.where('position', '<', filter.afterPosition)
    }
    if (filter.text !== undefined) {
      const part = filter.text.toLowerCase()
      query = query.where(
        sql<boolean>`instr(lower(ref), ${part}) > 0 or instr(lower(title), ${part}) > 0`,
      )
    }
    const rows = await query.orderBy('position', 'desc').limit(filter.limit).execute()
    return rows.map(recordOf)
  }

  async idsIn(states: readonly DownloadState[]): Promise<readonly string[]> {
    const rows = await this.#db
      .selectFrom('download')
      .select('id')
      .where('state', 'in', states)
      .orderBy('position')
      .execute()
    return rows.map((row) => row.id)
  }

  async count(states: readonly DownloadState[], db: Kysely<Schema> = this.#db): Promise<number> {
    const { count } = await db
      .selectFrom('download')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('state', 'in', states)
      .executeTakeFirstOrThrow()
    return count
  }

  /** How many are in each state, by the code of the reason. */
  async tally(): Promise<EngineStats['downloads']> {
    const code = sql<string | null>`json_extract(reason, '$.code')`
    return await this.#db
      .selectFrom('download')
      // Only states of the table are ever written.
      .select((of) => [
        of.ref('state').$castTo<DownloadState>().as('state'),
        code.as('code'),
        of.fn.countAll<number>().as('count'),
      ])
      .groupBy(['state', code])
      .execute()
  }

  /** Cancelled downloads whose bytes are not all removed yet. */
  async awaitingCleanUp(): Promise<readonly DownloadRecord[]> {
    const rows = await this.#db
      .selectFrom('download')
      .selectAll()
      .where('cleanup_pending', '=', 1)
      .execute()
    return rows.map(recordOf)
  }

  async nextPosition(db: Kysely<Schema>): Promise<number> {
    const row = await db
      .selectFrom('download')
      .select(({ fn }) => fn.max('position').as('last'))
      .executeTakeFirst()
    return (row?.last ?? 0) + 1
  }

  /** Writes a change that was computed from the record read in the same transaction. */
  async update(db: Kysely<Schema>, after: DownloadRecord, patch: DownloadPatch): Promise<void> {
    await db
      .updateTable('download')
      .set(changedColumns(after, patch))
      .where('id', '=', after.id)
      .execute()
  }

  async remove(db: Kysely<Schema>, id: string): Promise<void> {
    await db.deleteFrom('download').where('id', '=', id).execute()
  }

  async resolution(id: string): Promise<StoredResolution | null> {
    const row = await this.#db
      .selectFrom('resolution')
      .select('json')
      .where('download_id', '=', id)
      .executeTakeFirst()
    // Only `keepResolution` writes this column.
    return row === undefined ? null : (JSON.parse(row.json) as StoredResolution)
  }

  async keepResolution(db: Kysely<Schema>, id: string, value: StoredResolution): Promise<void> {
    const row = { json: JSON.stringify(value), files: null }
    await db
      .insertInto('resolution')
      .values({ download_id: id, ...row })
      .onConflict((conflict) => conflict.column('download_id').doUpdateSet(row))
      .execute()
  }

  async dropResolution(db: Kysely<Schema>, id: string): Promise<void> {
    await db.deleteFrom('resolution').where('download_id', '=', id).execute()
  }

  async fileSnapshot(id: string): Promise<FileSnapshot | null> {
    const row = await this.#db
      .selectFrom('resolution')
      .select('files')
      .where('download_id', '=', id)
      .executeTakeFirst()
    // Only `keepFileSnapshot` writes this column.
    return row?.files == null ? null : (JSON.parse(row.files) as FileSnapshot)
  }

  async keepFileSnapshot(db: Kysely<Schema>, id: string, files: FileSnapshot): Promise<void> {
    await db
      .updateTable('resolution')
      .set({ files: JSON.stringify(files) })
      .where('download_id', '=', id)
      .execute()
  }
}
