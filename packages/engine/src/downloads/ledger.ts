import type { DownloadState, LoggedEvent, MoveTarget } from '@windlass/contract'
import type { Kysely } from 'kysely'
import type { DownloadRepository } from '../database/download-repository.ts'
import type { EventRepository, NewEvent } from '../database/event-repository.ts'
import type { QueueRepository } from '../database/queue-repository.ts'
import type { Schema } from '../database/schema.ts'
import type { SettingRepository } from '../database/setting-repository.ts'
import { WindlassError } from '../errors/windlass-error.ts'
import { summarize } from './describe-download.ts'
import type {
  DownloadPatch,
  DownloadRecord,
  FileSnapshot,
  StoredResolution,
} from './download-record.ts'
import type { EventBus } from './event-bus.ts'
import { newPlace } from './new-place.ts'
import { advance, type Trigger } from './state-table.ts'

/** A download before it has its place. */
export type NewDownload = Omit<DownloadRecord, 'position' | 'rank'>

/** What leads from a state to a state. */
export type StateTrigger = Exclude<Trigger, 'forget' | 'move'>

export interface LedgerDeps {
  readonly database: Kysely<Schema>
  readonly downloads: DownloadRepository
  readonly queue: QueueRepository
  readonly events: EventRepository
  readonly settings: SettingRepository
  readonly bus: EventBus
  readonly now: () => number
}

export interface Change {
  readonly patch?: DownloadPatch
  /** Pauses it in the same moment, so that it does not start. */
  readonly held?: boolean
  /** Refuses by throwing, inside the transaction. */
  readonly guard?: (db: Kysely<Schema>, before: DownloadRecord) => Promise<void>
  /** The claim on whose behalf the change is made; an older one than the record's is refused. */
  readonly fence?: number
  /** null drops what was resolved, so that the next start asks the host anew. */
  readonly resolution?: StoredResolution | null
  readonly files?: FileSnapshot
}

export interface Accepting {
  /** Refuses by throwing, inside the transaction. */
  readonly guard?: (db: Kysely<Schema>) => Promise<void>
  /** Written with the download, or neither is. */
  readonly alongside?: (id: string, db: Kysely<Schema>) => Promise<void>
}

/** What becomes true of a download without moving it on. */
export interface StatelessChange {
  readonly id: string
  readonly set: DownloadPatch
  readonly resolution?: StoredResolution
}

/**
 * The only writer of downloads. A change of state, its event and the event's number
 * are one transaction; only when that is durable is the event announced, in order.
 */
export class Ledger {
  readonly #deps: LedgerDeps
  #last: Promise<unknown> = Promise.resolve()

  constructor(deps: LedgerDeps) {
    this.#deps = deps
  }

  /**
   * Accepts a new download at the end of the queue.
   * @throws what the guard throws
   */
  create(draft: NewDownload, { guard, alongside }: Accepting = {}): Promise<DownloadRecord> {
    return this.#write(async (db) => {
      await guard?.(db)
      const { downloads, queue } = this.#deps
      const position = await downloads.nextPosition(db)
      const record = { ...draft, position, rank: await queue.edgeRank(db, 'last') }
      await downloads.insert(db, record)
      await alongside?.(record.id, db)
      const events = await this.#append(db, {
        type: 'download.created',
        downloadId: record.id,
        data: { download: summarize(record, null, this.#deps.now()) },
      })
      return { value: record, events }
    })
  }

  /**
   * Moves a download on.
   * @throws WindlassError DOWNLOAD_NOT_FOUND; INVALID_STATE when the trigger is illegal now
   *   or the claim is an old one; what the guard throws
   */
  move(id: string, trigger: StateTrigger, change: Change = {}): Promise<DownloadRecord> {
    const { guard, held = false } = change
    return this.#write(async (db) => {
      const before = await this.#require(db, id)
      if (change.fence !== undefined && change.fence !== before.fence) {
        throw new WindlassError('INVALID_STATE', { detail: 'the claim on this download is lost' })
      }
      // Only `forget` leads out of the table, and the type excludes it.
      const next = advance(before.state, trigger) as DownloadState
      const state = held ? (advance(next, 'pause') as DownloadState) : next
      await guard?.(db, before)
      const patch = { reason: null, retryAt: null, ...change.patch }
      const after = { ...before, ...patch, state }
      await this.#deps.downloads.update(db, after, patch)
      if (change.resolution === null) await this.#deps.downloads.dropResolution(db, id)
      else if (change.resolution) {
        await this.#deps.downloads.keepResolution(db, id, change.resolution)
      }
      if (change.files) await this.#deps.downloads.keepFileSnapshot(db, id, change.files)
      const events = await this.#append(db, {
        type: 'download.state-changed',
        downloadId: id,
        data: {
          id,
          from: before.state,
          to: state,
          ...(after.reason === null ? {} : { reason: after.reason }),
          download: summarize(after, null, this.#deps.now()),
        },
      })
      return { value: after, events }
    })
  }

  /**
   * Gives a download another place in the queue. Nothing is written or told when it is there already.
   * @throws WindlassError DOWNLOAD_NOT_FOUND; INVALID_STATE for one that has no place in the queue
   */
  reposition(id: string, target: MoveTarget): Promise<DownloadRecord> {
    return this.#write(async (db) => {
      const before = await this.#require(db, id)
      advance(before.state, 'move')
      const place = await newPlace(before, target, { ...this.#deps, db })
      const after = { ...before, ...place }
      const { priority, rank } = before
      if (place.priority === priority && place.rank === rank) return { value: before, events: [] }
      await this.#deps.downloads.update(db, after, place)
      const events = await this.#append(db, {
        type: 'download.moved',
        downloadId: id,
        data: { id, download: summarize(after, null, this.#deps.now()) },
      })
      return { value: after, events }
    })
  }

  /** Writes facts that change no state, all or none, and announces them. */
  note(events: readonly NewEvent[], change?: StatelessChange): Promise<void> {
    return this.#write(async (db) => {
      if (change !== undefined) {
        const before = await this.#require(db, change.id)
        await this.#deps.downloads.update(db, { ...before, ...change.set }, change.set)
        if (change.resolution) {
          await this.#deps.downloads.keepResolution(db, change.id, change.resolution)
        }
      }
      return { value: undefined, events: await this.#append(db, ...events) }
    })
  }

  /** Keeps what a person changed while the program runs, and announces it. */
  keepSetting(name: string, value: unknown, event: NewEvent): Promise<void> {
    return this.#write(async (db) => {
      await this.#deps.settings.keep(db, name, value)
      return { value: undefined, events: await this.#append(db, event) }
    })
  }

  /** Drops a settled download. */
  forget(id: string): Promise<void> {
    return this.#write(async (db) => {
      const before = await this.#require(db, id)
      advance(before.state, 'forget')
      await this.#deps.downloads.remove(db, id)
      const events = await this.#append(db, {
        type: 'download.forgotten',
        downloadId: id,
        data: { id },
      })
      return { value: undefined, events }
    })
  }

  /** Resolves when everything asked for so far is written. */
  async settled(): Promise<void> {
    await this.#last.catch(() => undefined)
  }

  async #require(db: Kysely<Schema>, id: string): Promise<DownloadRecord> {
    const record = await this.#deps.downloads.find(id, db)
    if (record === null) throw new WindlassError('DOWNLOAD_NOT_FOUND', { detail: id })
    return record
  }

  #append(db: Kysely<Schema>, ...events: readonly NewEvent[]): Promise<readonly LoggedEvent[]> {
    return this.#deps.events.append(db, events, this.#deps.now())
  }

  /** One writer at a time, so that events are announced in the order of their numbers. */
  #write<T>(
    body: (db: Kysely<Schema>) => Promise<{ value: T; events: readonly LoggedEvent[] }>,
  ): Promise<T> {
    const run = async (): Promise<T> => {
      const { value, events } = await this.#deps.database.transaction().execute(body)
      for (const event of events) this.#deps.bus.emit(event)
      return value
    }
    const result = this.#last.then(run, run)
    this.#last = result.catch(() => undefined)
    return result
  }
}
