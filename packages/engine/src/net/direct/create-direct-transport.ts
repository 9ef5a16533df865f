import { hasClosed } from '../has-closed.ts'
import type { HttpResponse } from '../http-client.ts'
import type { HttpTimeouts, OutgoingRequest, Transport } from '../transport.ts'
import { ConnectionPool } from './connection-pool.ts'
import { createDirectSockets, type DirectSocketOptions } from './create-direct-sockets.ts'
import { Deadlines } from './deadlines.ts'
import { directBody } from './direct-body.ts'
import type { DirectConnection } from './direct-connection.ts'
import { readByUndici } from './read-by-undici.ts'
import { requestText } from './request-text.ts'

export interface DirectTransportOptions extends Omit<DirectSocketOptions, 'timeoutMs'> {
  readonly timeouts: HttpTimeouts
  readonly connectionsPerOrigin: number | null
}

/**
 * Sends requests over connections of our own, without a proxy. Answers with a plain head
 * are read here, so that their bytes go from the kernel to where they are wanted; any other
 * one is undici's, which reads the same bytes from the same connection.
 */
export function createDirectTransport(options: DirectTransportOptions): Transport {
  const { timeouts, lookup, accepts } = options
  const pool = new ConnectionPool({
    timeouts,
    deadlines: new Deadlines(),
    connect: createDirectSockets({ lookup, accepts, timeoutMs: timeouts.connectMs }),
    mostPerOrigin: options.connectionsPerOrigin,
  })
  async function ask(
    request: OutgoingRequest & { readonly text: string },
    connection: DirectConnection,
  ): Promise<HttpResponse> {
    const { url } = request
    const answered = await connection.ask(request)
    if (answered.kind === 'other') return readByUndici(request, answered.socket, timeouts)
    const { status, headers } = answered.head
    return { url, status, headers, body: directBody(connection, answered.head) }
  }
  return {
    async send(request) {
      const { url, signal } = request
      const asking = { ...request, text: requestText(request) }
      const connection = await pool.acquire(url, { signal, isFresh: false })
      const { isUsed } = connection
      try {
        return await ask(asking, connection)
      } catch (error) {
        signal.throwIfAborted()
        if (!isUsed || !hasClosed(error)) throw error
      }
      return ask(asking, await pool.acquire(url, { signal, isFresh: true }))
    },
    renew: (url) => pool.renew(url),
    async close() {
      pool.close()
    },
  }
}
