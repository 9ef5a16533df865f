import type { DownloadState } from '@windlass/contract'
import { type Kysely, sql } from 'kysely'
import type { DownloadRecord } from '../downloads/download-record.ts'
import { recordOf } from './download-row.ts'
import type { DownloadRow, Schema } from './schema.ts'

/** Room between two neighbours, so that a move changes one row. */
export const RANK_STEP = 2 ** 20

/** What decides who starts first, in this order: cut off before, higher priority, lower rank. */
export type QueueKey = Pick<DownloadRecord, 'interrupted' | 'priority' | 'rank'>

const ORDER = sql`interrupted desc, priority desc, rank`
const REVERSE = sql`interrupted, priority, rank desc`
/** The same order, ascending in each part. */
const KEY = sql`(-interrupted, -priority, rank)`

/** The order in which downloads start. Methods that take `db` may run inside a transaction. */
export class QueueRepository {
  readonly #db: Kysely<Schema>
  readonly #states: readonly DownloadState[]

  /** `states`: those in which a download has a place in the order. */
  constructor(database: Kysely<Schema>, states: readonly DownloadState[]) {
    this.#db = database
    this.#states = states
  }

  async next(): Promise<DownloadRecord | null> {
    const { rows } = await sql<DownloadRow>`
      select * from download where state = 'queued' order by ${ORDER} limit 1`.execute(this.#db)
    return rows[0] === undefined ? null : recordOf(rows[0])
  }

  /** A rank before or behind all others, whatever their state. */
  async edgeRank(db: Kysely<Schema>, which: 'first' | 'last'): Promise<number> {
    const isFirst = which === 'first'
    const row = await db
      .selectFrom('download')
      .select('rank')
      .orderBy('rank', isFirst ? 'asc' : 'desc')
      .limit(1)
      .executeTakeFirst()
    return (row?.rank ?? 0) + (isFirst ? -RANK_STEP : RANK_STEP)
  }

  /** The rank next below another one, `exceptId` left out; null for none. */
  async rankBelow(db: Kysely<Schema>, rank: number, exceptId: string): Promise<number | null> {
    const { rows } = await sql<{ below: number | null }>`
      select max(rank) as below from download
      where rank < ${rank} and id <> ${exceptId}`.execute(db)
    return rows[0]?.below ?? null
  }

  /** The first or the last of all but one that have a place in the queue. */
  async end(
    db: Kysely<Schema>,
    which: 'first' | 'last',
    exceptId: string,
  ): Promise<DownloadRecord | null> {
    const order = which === 'first' ? ORDER : REVERSE
    const { rows } = await sql<DownloadRow>`
      select * from download where id <> ${exceptId} and state in (${sql.join(this.#states)})
      order by ${order} limit 1`.execute(db)
    return rows[0] === undefined ? null : recordOf(rows[0])
  }

  /** Who stands directly before a download in the queue, `exceptId` left out; null for nobody. */
  async neighbourBefore(
    db: Kysely<Schema>,
    { interrupted, priority, rank }: DownloadRecord,
    exceptId: string,
  ): Promise<DownloadRecord | null> {
    const { rows } = await sql<DownloadRow>`
      select * from download where id <> ${exceptId} and state in (${sql.join(this.#states)})
        and ${KEY} < (${interrupted ? -1 : 0}, ${-priority}, ${rank})
      order by ${REVERSE} limit 1`.execute(db)
    return rows[0] === undefined ? null : recordOf(rows[0])
  }

  /** Makes room between all neighbours again; their order stays. */
  async spread(db: Kysely<Schema>): Promise<void> {
    await sql`
      update download set rank = ${RANK_STEP} * ranked.place
      from (select id, row_number() over (order by rank) as place from download) as ranked
      where ranked.id = download.id`.execute(db)
  }

  /** The place in the queue of one that is queued, from 1; quicker than asking for several. */
  async place({ interrupted, priority, rank }: QueueKey): Promise<number> {
    const { rows } = await sql<{ ahead: number }>`
      select count(*) as ahead from download
      where state = 'queued' and ${KEY} < (${interrupted ? -1 : 0}, ${-priority}, ${rank})`.execute(
      this.#db,
    )
    return (rows[0]?.ahead ?? 0) + 1
  }

  /** The places in the queue of those that are queued, from 1. */
  async places(ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    if (ids.length === 0) return new Map()
    const { rows } = await sql<{ id: string; place: number }>`
      select id, place from (
        select id, row_number() over (order by ${ORDER}) as place from download
        where state = 'queued'
      ) where id in (${sql.join(ids)})`.execute(this.#db)
    return new Map(rows.map(({ id, place }) => [id, place]))
  }
}
