import { chmod, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo, ListenOptions, Socket } from 'node:net'
import { WindlassError } from '@windlass/engine'
import type { FastifyInstance } from 'fastify'
import { clientOf, noteArrival } from './access/arrival.ts'

/** Time for a client to send its head, and for it to send all of a request. */
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 30_000
const LARGEST_HEAD_BYTES = 64 * 1024
const MOST_CONNECTIONS = 2048
const MOST_CONNECTIONS_OF_ONE = 1024
/** How long answers that are under way may take once the server closes. */
const CLOSE_GRACE_MS = 2000

/** One place where the app is reachable. */
export interface Listener {
  /** Port in use; null on a Unix socket. */
  readonly port: number | null
  /** Takes no more connections, lets answers finish for 2 s, then cuts them. */
  close(): Promise<void>
}

/**
 * Serves the app on a Unix socket that only this user can open. A socket file that
 * is there is removed, so call it as the owner of the home only.
 */
export async function listenOnSocket(app: FastifyInstance, path: string): Promise<Listener> {
  await rm(path, { force: true })
  const listener = await listen(app, { path })
  await chmod(path, 0o600)
  return listener
}

/**
 * Serves the app on a TCP port; 0 takes any free one.
 * @throws WindlassError SETTINGS_INVALID when the port or the address cannot be had
 */
export async function listenOnPort(
  app: FastifyInstance,
  address: { readonly host: string; readonly port: number },
): Promise<Listener> {
  try {
    return await listen(app, address)
  } catch (cause) {
    throw refusedAddress(address, cause) ?? cause
  }
}

async function listen(app: FastifyInstance, options: ListenOptions): Promise<Listener> {
  await app.ready()
  const limits = {
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    maxHeaderSize: LARGEST_HEAD_BYTES,
    // Whatever else a client offers to speak, it is answered in HTTP/1.1.
    shouldUpgradeCallback: ({ headers }: IncomingMessage) =>
      headers.upgrade?.toLowerCase() === 'websocket',
  }
  // Fastify listens in one place only; its router serves any server.
  const server = createServer(limits, (request, response) => app.routing(request, response))
  server.maxConnections = MOST_CONNECTIONS
  const upgraded = limitConnections(server)
  server.on('upgrade', (request, socket, head) => app.server.emit('upgrade', request, socket, head))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options, () => {
      server.off('error', reject)
      resolve()
    })
  })
  return { port: portOf(server.address()), close: () => closeServer(server, upgraded) }
}

function portOf(address: string | AddressInfo | null): number | null {
  return address === null || typeof address === 'string' ? null : address.port
}

/** Cuts what one client opens beyond its share. Returns the connections that left HTTP, as long as they live. */
function limitConnections(server: Server): ReadonlySet<Socket> {
  const byClient = new Map<string, number>()
  const upgraded = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    noteArrival(socket)
    const client = clientOf(socket)
    if (client === null) return
    const open = byClient.get(client) ?? 0
    if (open >= MOST_CONNECTIONS_OF_ONE) {
      socket.destroy()
      return
    }
    byClient.set(client, open + 1)
    socket.once('close', () => {
      const left = (byClient.get(client) ?? 1) - 1
      if (left === 0) byClient.delete(client)
      else byClient.set(client, left)
    })
  })
  server.on('upgrade', (_request, socket: Socket) => {
    upgraded.add(socket)
    socket.once('close', () => upgraded.delete(socket))
  })
  return upgraded
}

async function closeServer(server: Server, upgraded: ReadonlySet<Socket>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  const timer = setTimeout(() => {
    server.closeAllConnections()
    for (const socket of upgraded) socket.destroy()
  }, CLOSE_GRACE_MS)
  await closed
  clearTimeout(timer)
}

function refusedAddress(
  { host, port }: { readonly host: string; readonly port: number },
  cause: unknown,
): WindlassError | null {
  const { code } = cause as NodeJS.ErrnoException
  if (code === 'EADDRINUSE') {
    return new WindlassError('SETTINGS_INVALID', {
      detail: `port ${port} on ${host} is in use by another program`,
      hint: 'Set WINDLASS_PORT or --port to a free port; 0 takes any.',
      cause,
      facts: { variable: 'WINDLASS_PORT', port, host },
    })
  }
  if (code === 'EACCES') {
    return new WindlassError('SETTINGS_INVALID', {
      detail: `this user may not listen on port ${port}`,
      hint: 'Set WINDLASS_PORT or --port to a port above 1023.',
      cause,
      facts: { variable: 'WINDLASS_PORT', port, host },
    })
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return new WindlassError('SETTINGS_INVALID', {
      detail: `${host} is no address of this machine`,
      hint: 'Set WINDLASS_HOST or --host to 127.0.0.1, or to an address of this machine.',
      cause,
      facts: { variable: 'WINDLASS_HOST', host },
    })
  }
  return null
}
