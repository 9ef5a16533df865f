import type { WindlassEvent } from '@windlass/contract'
import { type Clock, type EventLog, WindlassError } from '@windlass/engine'
import type { Session } from '../access/sessions.ts'
import type { DownloadLines } from './download-lines.ts'
import { EventReader } from './event-reader.ts'
import type { EventSink } from './event-sink.ts'
import { eventText } from './event-text.ts'

const HEARTBEAT_MS = 15_000
const MOST_READERS = 512
/** So that one client cannot shut the others out. */
const MOST_READERS_OF_ONE = 256

export interface EventHubOptions {
  readonly log: EventLog
  readonly lines: DownloadLines
  readonly clock: Clock
}

/** Who reads: by whose right, and from where. */
export interface ReaderOrigin {
  /** Address of the client; null on the Unix socket. */
  readonly client: string | null
  /** The stream ends with it; null for a reader with a token. */
  readonly session: Session | null
}

/** What the hub asks of every stream, whatever is told on it. */
export interface LiveStream {
  /** Keeps an idle connection open, and finds out whether anybody is there. */
  beat(): void
  end(): void
}

export interface ReaderOptions extends ReaderOrigin {
  readonly sink: EventSink
  readonly downloadId: string | null
  /** Number of the last event the reader has; null to start with what happens next. */
  readonly after: number | null
  /** With the log lines of the download. */
  readonly withLines?: boolean
}

/**
 * All readers of the event log: one subscription, one text and one heartbeat for all of them.
 * Streams of another kind share their bounds, and end as they do.
 */
export class EventHub {
  readonly #options: EventHubOptions
  readonly #streams = new Map<LiveStream, ReaderOrigin>()
  readonly #readers = new Set<EventReader>()
  readonly #stops: readonly (() => void)[]
  #closed = false

  constructor(options: EventHubOptions) {
    this.#options = options
    this.#stops = [
      options.log.subscribe((event) => this.#tell(event)),
      options.lines.subscribe((line) => this.#tell(line)),
      options.clock.every(HEARTBEAT_MS, () => this.#beat()),
    ]
  }

  /** How many read at the moment. */
  get readerCount(): number {
    return this.#streams.size
  }

  /** @throws WindlassError TOO_MANY_STREAMS, SERVER_CLOSING */
  requireRoom(client: string | null): void {
    if (this.#closed) throw new WindlassError('SERVER_CLOSING')
    const ofOne = [...this.#streams.values()].filter((origin) => origin.client === client)
    if (this.#streams.size < MOST_READERS && ofOne.length < MOST_READERS_OF_ONE) return
    throw new WindlassError('TOO_MANY_STREAMS')
  }

  /** Serves one reader until its connection closes or the hub does. Returns once it is live. */
  async serve(options: ReaderOptions): Promise<EventReader> {
    const { sink, downloadId, after, client, session, withLines = false } = options
    const { log, clock, lines } = this.#options
    const ofThis = withLines && downloadId !== null ? () => lines.of(downloadId) : null
    const reader = new EventReader({ log, clock, sink, downloadId, lines: ofThis })
    this.#readers.add(reader)
    const leave = this.admit(reader, { client, session })
    sink.onGone(() => {
      this.#readers.delete(reader)
      leave()
    })
    if (this.#closed) reader.end()
    else await reader.start(after)
    return reader
  }

  /** Counts a stream that somebody else serves among the readers. Returns how it is taken out again. */
  admit(stream: LiveStream, origin: ReaderOrigin): () => void {
    this.#streams.set(stream, origin)
    return () => this.#streams.delete(stream)
  }

  /** Ends the streams that were opened by a session. */
  endSession(hash: string): void {
    for (const [stream, { session }] of this.#streams) if (session?.hash === hash) stream.end()
  }

  /** Ends every stream; from then on there is no room. */
  close(): void {
    this.#closed = true
    for (const stop of this.#stops) stop()
    for (const stream of this.#streams.keys()) stream.end()
  }

  #tell(event: WindlassEvent): void {
    if (this.#readers.size === 0) return
    const text = eventText(event)
    for (const reader of this.#readers) reader.accept(event, text)
  }

  #beat(): void {
    const now = this.#options.clock.now()
    for (const [stream, { session }] of this.#streams) {
      if (session !== null && session.expiresAt <= now) stream.end()
      else stream.beat()
    }
  }
}
