import { setImmediate as nextTurn } from 'node:timers/promises'
import { downloadIdOf, type WindlassEvent } from '@windlass/contract'
import type { Clock, EventLog } from '@windlass/engine'
import type { EventSink } from './event-sink.ts'
import { type EventText, eventText } from './event-text.ts'
import { LARGEST_BACKLOG_BYTES } from './largest-backlog.ts'

export interface EventReaderOptions {
  readonly log: EventLog
  readonly clock: Clock
  readonly sink: EventSink
  /** Only events of this download; null for all. */
  readonly downloadId: string | null
  /** Log lines as well: those kept so far first. */
  readonly lines: (() => readonly WindlassEvent[]) | null
}

const PAGE = 200
/** How long one page of a replay may take to be read. */
const LONGEST_DRAIN_MS = 30_000

/**
 * One reader of the event log: what it missed, then what happens, in the order of
 * the log, without a gap and without a repetition. Never makes the others wait.
 */
export class EventReader {
  readonly #options: EventReaderOptions
  /** Last event of the log that this reader has got. */
  #seq = 0
  #live = false
  /** Counts how often the reader began, so that a replay ends when a later one begins. */
  #beginning = 0

  constructor(options: EventReaderOptions) {
    this.#options = options
  }

  /**
   * Starts behind event `after`, or with what happens next when it is null. Returns
   * once the reader is live or gone.
   */
  async start(after: number | null): Promise<void> {
    const { log, clock, sink, lines } = this.#options
    this.#seq = after ?? log.lastSeq()
    if (!sink.gone) sink.begin({ seq: this.#seq, at: clock.now(), isFresh: after === null })
    for (const line of lines?.() ?? []) this.#send(eventText(line))
    if (after === null) this.#live = true
    else await this.goBack(after)
  }

  /** Takes the reader back to event `after`; what it got since is repeated. */
  async goBack(after: number): Promise<void> {
    this.#live = false
    this.#seq = after
    await this.#replay(++this.#beginning)
  }

  /** Takes an event as it happens, with its text made once for all readers. */
  accept(event: WindlassEvent, text: EventText): void {
    const { sink, lines } = this.#options
    if (!this.#live || sink.gone || !this.#concerns(event)) return
    if (event.seq !== null) {
      // Replayed already: it was in the log before it was announced.
      if (event.seq <= this.#seq) return
      this.#seq = event.seq
    } else if (event.type === 'download.logged') {
      if (lines === null) return
    } else if (sink.isBehind) {
      // Samples are for those who keep up; the next one says the same and more.
      return
    }
    this.#send(text)
  }

  /** Keeps idle connections open and finds dead ones. */
  beat(): void {
    const { sink } = this.#options
    if (!sink.gone) sink.beat()
  }

  /** Ends the answer in good order; the reader may come back elsewhere. */
  end(): void {
    this.#options.sink.end()
  }

  /**
   * Pages through the log until nothing is left. Nothing is awaited between the last
   * comparison and going live, so no event can slip between them.
   */
  async #replay(beginning: number): Promise<void> {
    const { log, sink } = this.#options
    while (!sink.gone && beginning === this.#beginning) {
      const page = await log.since(this.#seq, PAGE)
      if (beginning !== this.#beginning) return
      if (page === null) return this.#resync()
      for (const event of page) {
        if (this.#concerns(event)) this.#send(eventText(event))
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
    this.#send(eventText({ seq: null, at: clock.now(), type: 'resync', data }))
  }

  #concerns(event: WindlassEvent): boolean {
    const { downloadId } = this.#options
    return downloadId === null || downloadId === downloadIdOf(event)
  }

  #send(text: EventText): void {
    const { sink } = this.#options
    if (sink.gone) return
    sink.send(text)
    if (sink.backlogBytes > LARGEST_BACKLOG_BYTES) sink.destroy()
  }

  async #drained(): Promise<void> {
    const { sink, clock } = this.#options
    if (!sink.isBehind || sink.gone) return
    const stopTimer = clock.every(LONGEST_DRAIN_MS, () => sink.destroy())
    await sink.drained()
    stopTimer()
  }
}
