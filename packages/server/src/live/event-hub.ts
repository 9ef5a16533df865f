import { type Clock, type EventLog, WindlassError } from '@windlass/engine'
import { eventFrame } from './event-frame.ts'
import { EventReader, type EventSink } from './event-reader.ts'

const HEARTBEAT_MS = 15_000
const MOST_READERS = 512

export interface EventHubOptions {
  readonly log: EventLog
  readonly clock: Clock
}

export interface ReaderOptions {
  readonly sink: EventSink
  readonly downloadId: string | null
  /** Number of the last event the reader has; null to start with what happens next. */
  readonly after: number | null
}

/** All readers of the event log: one subscription, one text and one heartbeat for all of them. */
export class EventHub {
  readonly #options: EventHubOptions
  readonly #readers = new Set<EventReader>()
  readonly #stops: readonly (() => void)[]
  #closed: boolean

  constructor(options: EventHubOptions) {
    this.#options = options
    this.#closed = false
    this.#stops = [
      options.log.subscribe((event) => {
        if (this.#readers.size === 0) return
        const frame = eventFrame(event)
        for (const reader of this.#readers) reader.accept(event, frame)
      }),
      options.clock.every(HEARTBEAT_MS, () => {
        for (const reader of this.#readers) reader.beat()
      }),
    ]
  }

  /** @throws WindlassError TOO_MANY_STREAMS, SERVER_CLOSING */
  requireRoom(): void {
    if (this.#closed) throw new WindlassError('SERVER_CLOSING')
    if (this.#readers.size >= MOST_READERS) throw new WindlassError('TOO_MANY_STREAMS')
  }

  /** Serves one reader until its connection closes or the hub does. Returns once it is live. */
  async serve({ sink, downloadId, after }: ReaderOptions): Promise<void> {
    const reader = new EventReader({ ...this.#options, sink, downloadId })
    this.#readers.add(reader)
    sink.once('close', () => this.#readers.delete(reader))
    if (this.#closed) return reader.end()
    await reader.start(after)
  }

  /** Ends every stream; from then on there is no room. */
  close(): void {
    this.#closed = true
    for (const stop of this.#stops) stop()
    for (const reader of this.#readers) reader.end()
  }
}
