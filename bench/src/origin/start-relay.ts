import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

export interface RelayOptions {
  /** `http://host:port` to which everything goes. */
  readonly target: URL
  /** For each connection by itself, whatever is asked over it; as fast as it can by default. */
  readonly bytesPerSecond?: number
  /** After so many bytes over all connections nothing more comes; without end by default. */
  readonly stopAfterBytes?: number
}

/** Passes connections on, and slows down what comes back. */
export interface Relay {
  readonly url: URL
  /** Resolves when `stopAfterBytes` has come. */
  readonly stopped: Promise<void>
  close(): Promise<void>
}

/** Shorter pauses are not worth a timer: the debt is carried on. */
const SHORTEST_PAUSE_MS = 5
/** A timer that comes late may be made up for, and idle time is worth no more than that either. */
const CREDIT_MS = 50

/**
 * Starts a relay on loopback. nginx's own `limit_rate` is no substitute: it counts anew for each
 * request, so many small ranges over one connection would never be slowed down.
 */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const sockets = new Set<Socket>()
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>()
  const total = { bytes: 0 }
  const server = createServer((client) => {
    const upstream = connect(Number(options.target.port), options.target.hostname)
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket)
      // One side that breaks takes the other with it; whoever waits there sees it.
      socket.on('error', () => other.destroy())
      socket.once('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
    client.pipe(upstream)
    passOn({ upstream, client, options, total, stop }).catch(() => client.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('a port was asked for')
  return {
    url: new URL(`http://127.0.0.1:${address.port}`),
    stopped,
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

interface Passage {
  readonly upstream: Socket
  readonly client: Socket
  readonly options: RelayOptions
  /** What came over all connections. */
  readonly total: { bytes: number }
  readonly stop: () => void
}

async function passOn({ upstream, client, options, total, stop }: Passage): Promise<void> {
  const { bytesPerSecond = Number.POSITIVE_INFINITY } = options
  const { stopAfterBytes = Number.POSITIVE_INFINITY } = options
  // When everything that was sent would have been sent at the right speed.
  let paidUntil = performance.now()
  for await (const chunk of upstream as AsyncIterable<Buffer>) {
    const sent = chunk.subarray(0, Math.max(0, stopAfterBytes - total.bytes))
    total.bytes += sent.length
    if (!client.write(sent)) await once(client, 'drain')
    if (total.bytes >= stopAfterBytes) {
      stop()
      await once(client, 'close')
      return
    }
    const now = performance.now()
    paidUntil = Math.max(now - CREDIT_MS, paidUntil) + (sent.length / bytesPerSecond) * 1000
    if (paidUntil - now >= SHORTEST_PAUSE_MS) await delay(paidUntil - now)
  }
  client.end()
}
