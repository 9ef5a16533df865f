import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { alterReply, replacementReply } from './apply-fault.ts'
import type { FaultAction } from './fault-rule.ts'
import type { FaultRules } from './fault-rules.ts'
import { type Reply, type SeenRequest, textReply } from './reply.ts'
import type { LogEntry, LoggedRequest } from './request-log.ts'
import { seenRequest } from './seen-request.ts'
import { sendReply } from './send-reply.ts'

/** Turns a request into an answer. A throw becomes a 500 that names the error. */
export type Route = (request: SeenRequest) => Reply | Promise<Reply>

export interface ListenerOptions {
  /** The name by which fault rules and the log know this listener. */
  readonly role: string
  /** `localhost` listens on both loopback addresses, so that the name reaches it either way. */
  readonly host: '127.0.0.1' | 'localhost'
  /** 0 takes any free one. */
  readonly port: number
  readonly route: Route
  readonly rules: FaultRules
  readonly log: LoggedRequest[]
  /** Faults that hold for every request unless a rule says otherwise, such as a rate. */
  readonly defaults?: () => FaultAction
  /** Names the file that a request is about, for rules and the log. */
  readonly fileOf?: (request: SeenRequest) => string | undefined
  /** Adds what every answer of this listener has, faulty ones too. */
  readonly decorate?: (request: SeenRequest, reply: Reply) => Reply
}

export interface Listener {
  /** `http://host:port` */
  readonly url: string
  readonly port: number
  /** Closes every connection, idle or not. */
  close(): Promise<void>
}

const IDLE_MS = 120_000

/** Starts an HTTP server whose answers go through the fault rules and into the log. */
export async function startListener(options: ListenerOptions): Promise<Listener> {
  const first = await listen(createFaultyServer(options), '127.0.0.1', options.port)
  const port = portOf(first)
  const servers = [first]
  if (options.host === 'localhost') {
    const second = await listenIfPossible(createFaultyServer(options), port)
    if (second !== undefined) servers.push(second)
  }
  return {
    url: `http://${options.host}:${port}`,
    port,
    async close() {
      await Promise.all(servers.map(closeServer))
    },
  }
}

let connections = 0
const connectionNumbers = new WeakMap<Socket, number>()

function createFaultyServer(options: ListenerOptions): Server {
  const server = createServer({ keepAliveTimeout: IDLE_MS }, (message, response) => {
    answer(options, message, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined)
    })
  })
  server.on('connection', (socket) => {
    connectionNumbers.set(socket, ++connections)
  })
  return server
}

async function answer(
  options: ListenerOptions,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const request = seenRequest(message)
  const entry = beginEntry(options, message, request)
  options.log.push(entry)
  // The client may be gone at any time; the log says so.
  response.on('error', () => undefined)
  if (request === undefined) {
    await sendReply(response, textReply(400, 'Malformed request target'), {}, entry)
    return
  }
  const taken = options.rules.take({ role: options.role, request, file: entry.file })
  entry.faulted = taken !== undefined
  const fault = { ...options.defaults?.(), ...taken }
  if (fault.delayHeadersMs !== undefined) {
    await delay(fault.delayHeadersMs, undefined, { ref: false })
  }
  if (fault.hangUp !== undefined) return hangUp(response, fault.hangUp, entry)
  const asked = fault.ignoreRange === true ? withoutRange(request) : request
  const reply = replacementReply(fault) ?? (await routeSafely(options.route, asked))
  const decorated = options.decorate?.(request, reply) ?? reply
  await sendReply(response, alterReply(decorated, fault), fault, entry)
}

function hangUp(response: ServerResponse, how: 'fin' | 'reset', entry: LogEntry): void {
  if (how === 'fin') response.destroy()
  else response.socket?.resetAndDestroy()
  entry.end = how === 'fin' ? 'cut' : 'reset'
}

function withoutRange(request: SeenRequest): SeenRequest {
  const { range: _, 'if-range': __, ...headers } = request.headers
  return { ...request, headers, range: undefined }
}

async function routeSafely(route: Route, request: SeenRequest): Promise<Reply> {
  try {
    return await route(request)
  } catch (error) {
    return textReply(500, `Fake server error: ${error instanceof Error ? error.stack : error}`)
  }
}

function beginEntry(
  options: ListenerOptions,
  message: IncomingMessage,
  request: SeenRequest | undefined,
): LogEntry {
  return {
    role: options.role,
    connection: connectionNumbers.get(message.socket) ?? 0,
    method: message.method ?? 'GET',
    url: message.url ?? '/',
    path: request === undefined ? (message.url ?? '/') : `/${request.segments.join('/')}`,
    file: request === undefined ? undefined : options.fileOf?.(request),
    headers: message.headers,
    range: message.headers.range,
    startedAtMs: performance.now(),
    status: 0,
    bytesSent: 0,
    end: 'open',
    faulted: false,
  }
}

function listen(server: Server, host: string, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host }, () => {
      server.off('error', reject)
      resolve(server)
    })
  })
}

/** A machine without IPv6 resolves `localhost` to 127.0.0.1 alone. */
async function listenIfPossible(server: Server, port: number): Promise<Server | undefined> {
  try {
    return await listen(server, '::1', port)
  } catch (error) {
    // Node gives system errors a code; the type says only Error.
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT') return undefined
    throw error
  }
}

function portOf(server: Server): number {
  // A TCP server that listens has an address with a port.
  return (server.address() as AddressInfo).port
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
