import type { Server as HttpServer } from 'node:http'
import { createServer, type Server, type Socket } from 'node:net'
import { createSecureContext, type SecureContextOptions, TLSSocket } from 'node:tls'
import type { ConnectionFault } from './connection-rules.ts'
import { closeUnclean, noteCarrier } from './raw-socket.ts'

export interface FrontOptions {
  readonly http: HttpServer
  /** What becomes of the next connection, if anything unusual. */
  readonly fault: () => ConnectionFault | undefined
  /** Asked at each connection, so that certificate and version may change. Plain HTTP when absent. */
  readonly tls?: () => SecureContextOptions
}

/** Accepts connections and hands the well-treated ones on to the HTTP server. */
export interface Front {
  readonly server: Server
  close(): Promise<void>
}

/** Not listening yet. */
export function openFront({ http, fault, tls }: FrontOptions): Front {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    // The client may be gone at any time.
    socket.on('error', () => undefined)
    const treatment = fault()
    if (treatment === 'reset') socket.resetAndDestroy()
    else if (treatment === 'fin') socket.end()
    else if (treatment === undefined) handOn(socket, http, tls)
  })
  return {
    server,
    close() {
      const { promise, resolve } = Promise.withResolvers<void>()
      server.close(() => resolve())
      for (const socket of sockets) closeUnclean(socket)
      http.close()
      return promise
    },
  }
}

function handOn(socket: Socket, http: HttpServer, tls: FrontOptions['tls']): void {
  if (tls === undefined) {
    http.emit('connection', socket)
    return
  }
  const secureContext = createSecureContext(tls())
  const secure = new TLSSocket(socket, {
    isServer: true,
    secureContext,
    ALPNProtocols: ['http/1.1'],
  })
  noteCarrier(secure, socket)
  // A client that does not trust us hangs up in the handshake.
  secure.on('error', () => socket.destroy())
  secure.once('secure', () => http.emit('connection', secure))
}
