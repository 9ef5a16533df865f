import type { buildConnector } from 'undici'
import { hasClosed } from './has-closed.ts'

/** Tells a stale connection from a host that is down. */
export interface UsedConnections {
  /** Watches the connections that `connect` makes. */
  watch(connect: buildConnector.connector): buildConnector.connector
  /** True when `error` ended a connection that had carried an answer before. */
  isSource(error: unknown): boolean
}

/** Remembers which error came from which socket. */
export function createUsedConnections(): UsedConnections {
  const errors = new WeakMap<Error, { readonly bytesRead: number }>()
  return {
    watch(connect: buildConnector.connector): buildConnector.connector {
      return (options, callback) =>
        connect(options, (...result) => {
          const socket = result[1]
          socket?.on('error', (error: Error) => errors.set(error, socket))
          callback(...result)
        })
    },
    isSource(error: unknown): boolean {
      if (!(error instanceof Error) || !hasClosed(error)) return false
      const known = errors.get(error)
      if (known !== undefined) return known.bytesRead > 0
      // undici's SocketError says itself what its socket had read.
      const socket = 'socket' in error ? error.socket : null
      return hasBytesRead(socket) && socket.bytesRead > 0
    },
  }
}

function hasBytesRead(value: unknown): value is { readonly bytesRead: number } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'bytesRead' in value &&
    typeof value.bytesRead === 'number'
  )
}
