import { ApiError, type Client, type EventsOptions } from '@windlass/client'
import { DownloadRequest, type WindlassEvent } from '@windlass/contract'
import { type Clock, classify, type Engine, type EventLog } from '@windlass/engine'
import { type Log, publicProblem } from '@windlass/server'

const PAGE = 200

/** What a pull asks again and again. */
type AskedOften = Pick<Client, 'start' | 'find' | 'events'>

/**
 * The client of the home's owner itself. What a pull asks often it asks the engine: then
 * neither the router nor an HTTP client is loaded before the first byte is asked for.
 * All else goes over the socket as it does for others.
 */
export function ownClient(
  engine: Pick<Engine, 'downloads' | 'events'>,
  deps: { readonly log: Log; readonly clock: Pick<Clock, 'now'>; readonly overSocket: Client },
): Client {
  const { downloads, events } = engine
  const { log, clock, overSocket } = deps
  const asked: AskedOften = {
    async start(request, options) {
      const parsed = DownloadRequest.safeParse(request)
      // The API has the words for what is wrong with it.
      if (!parsed.success) return await overSocket.start(request, options)
      const key = options?.idempotencyKey
      const once = key === undefined ? {} : { idempotencyKey: key }
      return await refusalsOf(log, () => downloads.create(parsed.data, once))
    },
    find: (id) => refusalsOf(log, () => downloads.find(id)),
    events: (options) =>
      options.downloadId === undefined
        ? ownEvents({ log: events, clock }, options)
        : overSocket.events(options),
  }
  return { ...overSocket, ...asked }
}

/** Runs `ask` and throws what the API would have refused it with. */
async function refusalsOf<T>(log: Log, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (thrown) {
    const error = classify(thrown)
    if (error.code === 'INTERNAL') log.error({ err: thrown }, 'a request met a bug')
    throw new ApiError(publicProblem(error), { cause: thrown })
  }
}

/**
 * The events of the log behind `lastEventId`, or from now on: in order, without a gap, each once.
 * Where the log no longer reaches back, a `resync` says so.
 */
async function* ownEvents(
  { log, clock }: { readonly log: EventLog; readonly clock: Pick<Clock, 'now'> },
  { lastEventId, signal, onConnection }: EventsOptions,
): AsyncGenerator<WindlassEvent, void, undefined> {
  if (signal.aborted) return
  // Listening before the log is read: what happens meanwhile is in both, and told once.
  const live = new LiveEvents(log, signal)
  let seq = lastEventId ?? log.lastSeq()
  try {
    onConnection?.({ connected: true })
    for (let page = await log.since(seq, PAGE); page?.length !== 0; ) {
      for (const event of page ?? []) {
        seq = event.seq
        yield event
      }
      if (page === null) {
        seq = log.lastSeq()
        yield { seq: null, at: clock.now(), type: 'resync', data: { seq } }
      }
      page = await log.since(seq, PAGE)
    }
    for (let event = await live.next(); event !== null; event = await live.next()) {
      if (event.seq !== null && event.seq <= seq) continue
      seq = event.seq ?? seq
      yield event
    }
  } finally {
    live.end()
  }
}

/** Events as they happen, kept until they are taken. */
class LiveEvents {
  readonly #signal: AbortSignal
  readonly #events: WindlassEvent[] = []
  readonly #forget: () => void
  readonly #wake = (): void => this.#waiting?.()
  #waiting: (() => void) | null = null

  constructor(log: EventLog, signal: AbortSignal) {
    this.#signal = signal
    signal.addEventListener('abort', this.#wake)
    this.#forget = log.subscribe((event) => {
      // Samples are for those who keep up; the next one says the same and more.
      if (event.seq === null && this.#events.length > 0) return
      this.#events.push(event)
      this.#wake()
    })
  }

  /** The next one; null once the signal aborted. */
  async next(): Promise<WindlassEvent | null> {
    for (;;) {
      if (this.#signal.aborted) return null
      const event = this.#events.shift()
      if (event !== undefined) return event
      await new Promise<void>((resolve) => {
        this.#waiting = resolve
      })
    }
  }

  end(): void {
    this.#forget()
    this.#signal.removeEventListener('abort', this.#wake)
  }
}
