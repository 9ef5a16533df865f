import {
  LOGGED_EVENTS,
  type LoggedEvent,
  type LoggedEventMap,
  type LoggedEventType,
} from '@windlass/contract'
import type { Kysely } from 'kysely'
import type { Schema } from './schema.ts'

/** An event before it has its place in the log. */
export type NewEvent<T extends LoggedEventType = LoggedEventType> = {
  [K in T]: { readonly type: K; readonly downloadId: string; readonly data: LoggedEventMap[K] }
}[T]

/** One statement for many: each of its own costs more than its row. Four parameters a row. */
const ROWS_AT_ONCE = 200

/** The durable event log: every change, in the order in which it became true. */
export class EventRepository {
  readonly #database: Kysely<Schema>

  constructor(database: Kysely<Schema>) {
    this.#database = database
  }

  /** Writes events, in their order, inside the transaction that makes them true. */
  async append(
    transaction: Kysely<Schema>,
    events: readonly NewEvent[],
    at: number,
  ): Promise<readonly LoggedEvent[]> {
    const logged: LoggedEvent[] = []
    for (let start = 0; start < events.length; start += ROWS_AT_ONCE) {
      const part = events.slice(start, start + ROWS_AT_ONCE)
      const rows = part.map(({ type, downloadId, data }) => {
        return { at, type, download_id: downloadId, data: JSON.stringify(data) }
      })
      const written = await transaction.insertInto('event').values(rows).returning('seq').execute()
      // Rows are numbered in the order of the values, and returned in any.
      const seqs = written.map(({ seq }) => seq).sort((a, b) => a - b)
      for (const [index, { type, data }] of part.entries()) {
        // The pair of type and data comes from NewEvent, where they belong together.
        logged.push({ seq: seqs[index], at, type, data } as LoggedEvent)
      }
    }
    return logged
  }

  async lastSeq(): Promise<number> {
    // AUTOINCREMENT remembers the highest number even when the rows are pruned.
    const row = await this.#database
      .withTables<{ sqlite_sequence: { name: string; seq: number } }>()
      .selectFrom('sqlite_sequence')
      .select('seq')
      .where('name', '=', 'event')
      .executeTakeFirst()
    return row?.seq ?? 0
  }

  /** Number of the oldest event still held, null when the log is empty. */
  async firstSeq(): Promise<number | null> {
    const row = await this.#database
      .selectFrom('event')
      .select('seq')
      .orderBy('seq')
      .limit(1)
      .executeTakeFirst()
    return row?.seq ?? null
  }

  async after(seq: number, limit: number): Promise<readonly LoggedEvent[]> {
    const rows = await this.#database
      .selectFrom('event')
      .selectAll()
      .where('seq', '>', seq)
      .orderBy('seq')
      .limit(limit)
      .execute()
    return rows
      .filter((row) => row.type in LOGGED_EVENTS)
      .map(
        // Only `append` writes this table, so type and data agree.
        (row) =>
          ({ seq: row.seq, at: row.at, type: row.type, data: JSON.parse(row.data) }) as LoggedEvent,
      )
  }

  /** Drops all but the newest `keep` events. */
  async prune(keep: number): Promise<void> {
    const last = await this.lastSeq()
    await this.#database
      .deleteFrom('event')
      .where('seq', '<=', last - keep)
      .execute()
  }
}
