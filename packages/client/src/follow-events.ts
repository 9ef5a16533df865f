import { LOGGED_EVENTS, PASSING_EVENTS, parseEvent, type WindlassEvent } from '@windlass/contract'
import { type ApiError, isPassing, localError } from './api-error.ts'
import { createEventStreamParser, type StreamMessage } from './parse-event-stream.ts'
import type { FetchAnswer, Transport } from './transport.ts'

/** Whether events flow. After `connected`, what happens from now on will be told. */
export type ConnectionChange =
  | { readonly connected: true }
  | { readonly connected: false; readonly error: ApiError; readonly retryInMs: number }

export interface EventsOptions {
  /** Sequence number of the last event seen; later ones are replayed. `0` replays the whole log. Absent: from now on. */
  readonly lastEventId?: number
  /** Only events of this download. */
  readonly downloadId?: string
  /** Ends the iteration. */
  readonly signal: AbortSignal
  /** Told at each connect and each loss; to give up, abort the signal. */
  readonly onConnection?: (change: ConnectionChange) => void
}

export interface FollowDeps {
  readonly transport: Transport
  /** Uniform in [0, 1). */
  readonly random: () => number
  /** Rejects when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
  readonly now: () => number
}

const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 15_000
/** Three of the server's heartbeats: a silent connection is dead, even if no packet says so. */
const LONGEST_SILENCE_MS = 45_000

interface Position {
  lastEventId: string
  attempt: number
  /** The longest pause that the next reconnect may draw from, as the server asked for it. */
  firstPauseMs: number
}

/**
 * Yields events until the signal aborts. A lost connection is made again, after a
 * pause with full jitter, and goes on behind the last event that was seen; where the
 * server's log no longer reaches back, a `resync` says so.
 * @throws ApiError when the server refuses (4xx other than 408 and 429), HTTP_PROTOCOL
 */
export async function* followEvents(
  deps: FollowDeps,
  options: EventsOptions,
): AsyncGenerator<WindlassEvent, void, undefined> {
  const position: Position = {
    lastEventId: options.lastEventId === undefined ? '' : String(options.lastEventId),
    attempt: 0,
    firstPauseMs: FIRST_PAUSE_MS,
  }
  while (!options.signal.aborted) {
    let lost: ApiError
    try {
      yield* oneConnection(deps.transport, options, position)
      lost = localError('SERVER_UNREACHABLE', { detail: 'the event stream ended' })
    } catch (thrown) {
      if (options.signal.aborted) return
      if (!isPassing(thrown)) throw thrown
      lost = thrown
    }
    const retryInMs = pauseMs(deps, position, lost)
    options.onConnection?.({ connected: false, error: lost, retryInMs })
    if (!(await slept(deps, retryInMs, options.signal))) return
  }
}

async function* oneConnection(
  transport: Transport,
  options: EventsOptions,
  position: Position,
): AsyncGenerator<WindlassEvent, void, undefined> {
  const connection = new AbortController()
  const follow = (): void => connection.abort(options.signal.reason)
  options.signal.addEventListener('abort', follow, { once: true })
  try {
    options.signal.throwIfAborted()
    const answer = await transport.send({
      method: 'GET',
      path: eventsPath(options.downloadId),
      headers: {
        accept: 'text/event-stream',
        ...(position.lastEventId === '' ? {} : { 'last-event-id': position.lastEventId }),
      },
      signal: connection.signal,
    })
    options.onConnection?.({ connected: true })
    for await (const message of messages(answer, position, connection)) {
      const event = readEvent(message)
      if (event !== null) yield event
    }
  } finally {
    options.signal.removeEventListener('abort', follow)
    // Leaving early must also close the connection.
    connection.abort(new Error('the reader left'))
  }
}

async function* messages(
  answer: FetchAnswer,
  position: Position,
  connection: AbortController,
): AsyncGenerator<StreamMessage, void, undefined> {
  if (answer.body === null) return
  const parser = createEventStreamParser(position.lastEventId)
  const reader = answer.body.getReader()
  const onSilence = (): void => connection.abort(new Error('the event stream fell silent'))
  try {
    for (;;) {
      const { done, value } = await withSilenceLimit(() => reader.read(), onSilence)
      if (done) return
      if (value === undefined) continue
      position.attempt = 0
      for (const message of parser.push(value)) {
        position.lastEventId = message.lastEventId
        yield message
      }
      position.firstPauseMs = parser.retryMs() ?? position.firstPauseMs
    }
  } catch (cause) {
    throw localError('SERVER_UNREACHABLE', { detail: 'the event stream broke', cause })
  }
}

/** Runs only while a read waits: a reader that takes its time over an event is not silence. */
async function withSilenceLimit<T>(read: () => Promise<T>, onSilence: () => void): Promise<T> {
  const timer = setTimeout(onSilence, LONGEST_SILENCE_MS)
  try {
    return await read()
  } finally {
    clearTimeout(timer)
  }
}

function eventsPath(downloadId: string | undefined): string {
  if (downloadId === undefined) return '/api/events'
  return `/api/downloads/${encodeURIComponent(downloadId)}/events`
}

/** Null for a kind of event that this version does not know: a newer server may have more. */
function readEvent(message: StreamMessage): WindlassEvent | null {
  if (message.data === null) return null
  if (
    !Object.hasOwn(LOGGED_EVENTS, message.event) &&
    !Object.hasOwn(PASSING_EVENTS, message.event)
  ) {
    return null
  }
  try {
    return parseEvent(JSON.parse(message.data))
  } catch (cause) {
    throw localError('HTTP_PROTOCOL', {
      status: 200,
      detail: `an event ${message.event} is not as agreed`,
      cause,
    })
  }
}

function pauseMs(deps: FollowDeps, position: Position, error: ApiError): number {
  const ceiling = Math.min(LONGEST_PAUSE_MS, position.firstPauseMs * 2 ** position.attempt)
  position.attempt++
  const asked = error.retryAt === undefined ? 0 : error.retryAt - deps.now()
  return Math.max(asked, deps.random() * ceiling)
}

/** False when the signal aborted meanwhile. */
async function slept(deps: FollowDeps, ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await deps.sleep(ms, signal)
    return true
  } catch (error) {
    if (signal.aborted) return false
    throw error
  }
}
