import { chmod, rm } from 'node:fs/promises'
import type { IncomingMessage, Server } from 'node:http'
import type { AddressInfo, ListenOptions, Socket } from 'node:net'
import { WindlassError } from '@windlass/engine'
import { limitConnections } from './access/limit-connections.ts'
import type { ServedApp } from './app-on-demand.ts'

// Not by `import`: that reads every export of the module, and Node's own `fetch` is loaded for it,
// which nobody here needs and which takes longer than a third of our start.
const { createServer } = process.getBuiltinModule('node:http')

/** Time for a client to send its head, and for it to send all of a request. */
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 30_000
const LARGEST_HEAD_BYTES = 64 * 1024
const MOST_CONNECTIONS = 2048
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
export async function listenOnSocket(app: ServedApp, path: string): Promise<Listener> {
  await rm(path, { force: true })
  const listener = await listen(serverOf(app), { path })
  await chmod(path, 0o600)
  return listener
}

/**
 * Serves the app on a TCP port; 0 takes any free one.
 * @throws WindlassError SETTINGS_INVALID when the port or the address cannot be had
 */
export async function listenOnPort(
  app: ServedApp,
  address: { readonly host: string; readonly port: number },
): Promise<Listener> {
  const server = serverOf(app)
  limitConnections(server)
  try {
    return await listen(server, address)
  } catch (cause) {
    throw refusedAddress(address, cause) ?? cause
  }
}

function serverOf(app: ServedApp): Server {
  const limits = {
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    maxHeaderSize: LARGEST_HEAD_BYTES,
    // Whatever else a client offers to speak, it is answered in HTTP/1.1.
    shouldUpgradeCallback: ({ headers }: IncomingMessage) =>
      headers.upgrade?.toLowerCase() === 'websocket',
  }
  const server = createServer(limits, (request, response) => app.routing(request, response))
  server.maxConnections = MOST_CONNECTIONS
  server.on('upgrade', (request, socket: Socket, head) => app.upgrade(request, socket, head))
  return server
}

async function listen(server: Server, options: ListenOptions): Promise<Listener> {
  const upgraded = keepUpgraded(server)
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

/** The connections that left HTTP, as long as they live. */
function keepUpgraded(server: Server): ReadonlySet<Socket> {
  const upgraded = new Set<Socket>()
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
