import type { Socket } from 'node:net'
import { untilAbort } from '../../verification/until-abort.ts'
import { type ConnectionOptions, DirectConnection } from './direct-connection.ts'

export interface PoolOptions extends Pick<ConnectionOptions, 'timeouts' | 'deadlines'> {
  /** Connects to the origin of `url`, with bytes read as `connection.onread` says. */
  readonly connect: (url: URL, connection: DirectConnection) => Promise<Socket>
  /** Connections at once to one origin; who asks beyond it waits. Null for no limit. */
  readonly mostPerOrigin: number | null
}

/** How long an idle connection is kept when its host does not say, and at most. */
const IDLE_MS = 4_000
const LONGEST_IDLE_MS = 600_000
/** Before the host closes it: a request on its way then would be lost. */
const HOST_MARGIN_MS = 1_000
const MOST_IDLE = 16

interface Origin {
  /** The one used last is at the end, and is used first. */
  readonly idle: Map<DirectConnection, () => void>
  readonly open: Set<DirectConnection>
  readonly waiting: (() => void)[]
}

/** Kept connections by origin. */
export class ConnectionPool {
  readonly #options: PoolOptions
  readonly #origins = new Map<string, Origin>()
  /** These serve no further request. */
  readonly #retired = new WeakSet<DirectConnection>()
  #isClosed: boolean = false

  constructor(options: PoolOptions) {
    this.#options = options
  }

  /** Connections that are open, idle ones included. */
  get size(): number {
    return [...this.#origins.values()].reduce((sum, { open }) => sum + open.size, 0)
  }

  /**
   * A connection that can be asked at once.
   * @param options.isFresh no kept one will do
   * @throws what connecting fails with; the signal's reason
   */
  async acquire(
    url: URL,
    { signal, isFresh }: { readonly signal: AbortSignal; readonly isFresh: boolean },
  ): Promise<DirectConnection> {
    for (;;) {
      signal.throwIfAborted()
      const origin = this.#originOf(url)
      const kept = isFresh ? undefined : [...origin.idle.keys()].at(-1)
      if (kept !== undefined) {
        this.#wake(origin, kept)
        if (await kept.isReady()) return kept
      } else if (origin.open.size < (this.#options.mostPerOrigin ?? Infinity)) {
        return this.#connect(url, origin, signal)
      } else {
        await untilAbort(new Promise<void>((resolve) => origin.waiting.push(resolve)), signal)
      }
    }
  }

  /** The next request to this origin goes over a new connection; what is on its way comes to its end. */
  renew(url: URL): void {
    const origin = this.#origins.get(url.origin)
    if (origin === undefined) return
    for (const connection of origin.open) this.#retired.add(connection)
    for (const connection of [...origin.idle.keys()]) connection.destroy(new Error('renewed'))
  }

  close(): void {
    this.#isClosed = true
    for (const { open } of this.#origins.values()) {
      for (const connection of [...open]) connection.destroy(new Error('the client was closed'))
    }
  }

  #originOf(url: URL): Origin {
    const known = this.#origins.get(url.origin)
    if (known !== undefined) return known
    const origin = { idle: new Map(), open: new Set<DirectConnection>(), waiting: [] }
    this.#origins.set(url.origin, origin)
    return origin
  }

  async #connect(url: URL, origin: Origin, signal: AbortSignal): Promise<DirectConnection> {
    const { timeouts, deadlines, connect } = this.#options
    const connection: DirectConnection = new DirectConnection({
      ...{ timeouts, deadlines },
      onIdle: (one, hostSeconds) => this.#keep(origin, one, hostSeconds),
      onGone: (one) => this.#forget(url, origin, one),
    })
    origin.open.add(connection)
    let isWanted = true
    const connecting = connect(url, connection).then(
      (socket) => {
        connection.attach(socket)
        if (this.#isClosed) connection.destroy(new Error('the client was closed'))
        // For the next one: whoever asked for it has been stopped.
        else if (!isWanted) this.#keep(origin, connection, null)
      },
      (error: unknown) => {
        this.#forget(url, origin, connection)
        throw error
      },
    )
    try {
      await untilAbort(connecting, signal)
      return connection
    } finally {
      isWanted = false
    }
  }

  #keep(origin: Origin, connection: DirectConnection, hostSeconds: number | null): void {
    const idleMs =
      hostSeconds === null
        ? IDLE_MS
        : Math.min(hostSeconds * 1000 - HOST_MARGIN_MS, LONGEST_IDLE_MS)
    const isFull = origin.idle.size >= MOST_IDLE
    if (idleMs <= 0 || isFull || this.#isClosed || this.#retired.has(connection)) {
      connection.destroy(new Error('not kept'))
      return
    }
    const expired = (): void => connection.destroy(new Error('idle'))
    const deadline = this.#options.deadlines.start(idleMs, expired)
    origin.idle.set(connection, () => deadline.stop())
    origin.waiting.shift()?.()
  }

  #wake({ idle }: Origin, connection: DirectConnection): void {
    idle.get(connection)?.()
    idle.delete(connection)
  }

  #forget(url: URL, origin: Origin, connection: DirectConnection): void {
    this.#wake(origin, connection)
    origin.open.delete(connection)
    origin.waiting.shift()?.()
    if (origin.open.size === 0 && origin.waiting.length === 0) this.#origins.delete(url.origin)
  }
}
