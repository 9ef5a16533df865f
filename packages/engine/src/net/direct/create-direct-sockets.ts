import type { Socket } from 'node:net'
import { buildConnector } from 'undici'
import { createConnector } from '../egress/create-connector.ts'
import { bareHost } from '../egress/egress-policy.ts'
import type { NameLookup } from '../egress/look-up-name.ts'
import type { DirectConnection } from './direct-connection.ts'

export interface DirectSocketOptions {
  readonly lookup: NameLookup
  /** Which IP addresses a connection may end at. */
  readonly accepts: (address: string) => boolean
  readonly timeoutMs: number
}

const MOST_SESSIONS = 100

/**
 * Opens connections whose bytes land where `onread` says. A secure one takes up the session
 * of the last one to its host, which saves both sides the certificates.
 */
export function createDirectSockets(
  options: DirectSocketOptions,
): (url: URL, connection: Pick<DirectConnection, 'onread'>) => Promise<Socket> {
  const sessions = new Map<string, Buffer>()
  const keep = (origin: string, session: Buffer): void => {
    sessions.delete(origin)
    sessions.set(origin, session)
    const [oldest] = sessions.keys()
    if (sessions.size > MOST_SESSIONS && oldest !== undefined) sessions.delete(oldest)
  }
  return (url, { onread }) => {
    const session = sessions.get(url.origin)
    const connect = createConnector({
      ...options,
      build: (built) =>
        buildConnector({
          ...built,
          onread,
          maxCachedSessions: 0,
          ...(session === undefined ? {} : { session }),
        }),
    })
    const { promise, resolve, reject } = Promise.withResolvers<Socket>()
    const { hostname, host, protocol, port } = url
    connect({ hostname: bareHost(hostname), host, protocol, port }, (error, socket) => {
      if (error !== null) return reject(error)
      socket.on('session', (made: Buffer) => keep(url.origin, made))
      resolve(socket)
    })
    return promise
  }
}
