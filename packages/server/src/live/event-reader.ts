import type { Writable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { downloadIdOf, type WindlassEvent } from '@windlass/contract'
import type { Clock, EventLog } from '@windlass/engine'
import { eventFrame } from './event-frame.ts'

/** Where a stream goes: the answer of a request, as far as it is needed. */
export type EventSink = Pick<
  Writable,
  | 'write'
  | 'end'
  | 'destroy'
  | 'once'
  | 'off'
  | 'writableLength'
  | 'writableNeedDrain'
  | 'destroyed'
>

export interface EventReaderOptions {
  readonly log: EventLog
  readonly clock: Clock
  readonly sink: EventSink
  /** Only events of this download; null for all. */
  readonly downloadId: string | null
}

/** A reader with more than this unread has stopped reading: it is dropped, and comes back by its last id. */
const LARGEST_BACKLOG_BYTES = 1024 * 1024
const PAGE = 200
/** How long one page of a replay may take to be read. */
const LONGEST_DRAIN_MS = 30_000
const RECONNECT_MS = 1000

/**
 * One reader of the event log: what it missed, then what happens, in the order of
 * the log, without a gap and without a repetition. Never makes the others wait.
 */
export class EventReader {
  readonly #options: EventReaderOptions
  /** Last event of the log that this reader has got. */
  #seq = 0
  #live = false

  constructor(options: EventReaderOptions) {
    this.#options = options
  }

  /**
   * Starts behind event `after`, or with what happens next when it is null. Returns
   * once the reader is live or gone.
   */
  async start(after: number | null): Promise<void> {
    const { log } = this.#options
    this.#seq = after ?? log.lastSeq()
    // An id without data moves the reader's place and wakes nobody: a reader that
    // loses the connection before its first event knows where to go on.
    this.#write(`retry: ${RECONNECT_MS}\nid: ${this.#seq}\n\n`)
    if (after === null) this.#live = true
    else await this.#replay()
  }

  /** Takes an event as it happens, with its text made once for all readers. */
  accept(event: WindlassEvent, frame: string): void {
    if (!this.#live || this.#gone()) return
    if (event.seq !== null) {
      // Replayed already: it was in the log before it was announced.
      if (event.seq <= this.#seq) return
      this.#seq = event.seq
    } else if (this.#options.sink.writableNeedDrain) {
      // Samples are for those who keep up; the next one says the same and more.
      return
    }
    if (this.#concerns(event)) this.#write(frame)
  }

  /** A comment that keeps idle connections open and finds dead ones. */
  beat(): void {
    this.#write(': heartbeat\n\n')
  }

  /** Ends the answer in good order; the reader may come back elsewhere. */
  end(): void {
    this.#options.sink.end()
  }

  /**
   * Pages through the log until nothing is left. Nothing is awaited between the last
   * comparison and going live, so no event can slip between them.
   */
  async #replay(): Promise<void> {
    const { log } = this.#options
    while (!this.#gone()) {
      const page = await log.since(this.#seq, PAGE)
      if (page === null) return this.#resync()
      for (const event of page) {
        if (this.#concerns(event)) this.#write(eventFrame(event))
        this.#seq = event.seq
      }
      if (page.length === 0 && this.#seq >= log.lastSeq()) {
        this.#live = true
        return
      }
      await this.#drained()
      // Pages can come without a real wait; a long replay must not hold up the rest.
      await nextTurn()
    }
  }

  #resync(): void {
    const { log, clock } = this.#options
    this.#seq = log.lastSeq()
    this.#live = true
    const data = { seq: this.#seq }
    this.#write(eventFrame({ seq: null, at: clock.now(), type: 'resync', data }))
  }

  #concerns(event: WindlassEvent): boolean {
    const { downloadId } = this.#options
    return downloadId === null || downloadId === downloadIdOf(event)
  }

  #write(text: string): void {
    const { sink } = this.#options
    if (this.#gone()) return
    sink.write(text)
    if (sink.writableLength > LARGEST_BACKLOG_BYTES) sink.destroy()
  }

  #gone(): boolean {
    return this.#options.sink.destroyed
  }

  async #drained(): Promise<void> {
    const { sink, clock } = this.#options
    if (!sink.writableNeedDrain || this.#gone()) return
    await new Promise<void>((resolve) => {
      const stopTimer = clock.every(LONGEST_DRAIN_MS, () => sink.destroy())
      const settle = (): void => {
        stopTimer()
        sink.off('drain', settle)
        sink.off('close', settle)
        resolve()
      }
      sink.once('drain', settle)
      sink.once('close', settle)
    })
  }
}
