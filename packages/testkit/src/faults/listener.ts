import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Server, Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { SecureContextOptions } from 'node:tls'
import { alterReply, replacementReply } from './apply-fault.ts'
import type { ConnectionRules } from './connection-rules.ts'
import type { FaultAction } from './fault-rule.ts'
import type { FaultRules } from './fault-rules.ts'
import { type Front, openFront } from './open-front.ts'
import { resetConnection } from './raw-socket.ts'
import { type Reply, type SeenRequest, textReply } from './reply.ts'
import type { LogEntry, LoggedRequest } from './request-log.ts'
import { seenRequest } from './seen-request.ts'
import { sendReply } from './send-reply.ts'

/** Turns a request into an answer. A throw becomes a 500 that names the error. */
export type Route = (request: SeenRequest) => Reply | Promise<Reply>

export interface ListenerOptions {
  /** The name by which fault rules and the log know this listener. */
  readonly role: string
  /** An address; `localhost` listens on both of loopback, so that the name reaches it either way. */
  readonly host: string
  /** 0 takes any free one. */
  readonly port: number
  readonly route: Route
  readonly rules: FaultRules
  readonly log: LoggedRequest[]
  readonly connections?: ConnectionRules
  /** Speaks HTTPS; asked at each connection, so that certificate and version may change. */
  readonly tls?: () => SecureContextOptions
  /** Answers that no rule touches and no log shows; `undefined` where it is none of these. */
  readonly control?: (request: SeenRequest) => Promise<Reply | undefined>
  /** Faults that hold for every request unless a rule says otherwise, such as a rate. */
  readonly defaults?: () => FaultAction
  /** Names the file that a request is about, for rules and the log. */
  readonly fileOf?: (request: SeenRequest) => string | undefined
  /** Adds what every answer of this listener has, faulty ones too. */
  readonly decorate?: (request: SeenRequest, reply: Reply) => Reply
}

export interface Listener {
  /** `http://host:port`, or `https:` */
  readonly url: string
  readonly port: number
  /** Closes every connection, idle or not. */
  close(): Promise<void>
}

const IDLE_MS = 120_000

/** Starts an HTTP server whose answers go through the fault rules and into the log. */
export async function startListener(options: ListenerOptions): Promise<Listener> {
  const isName = options.host === 'localhost'
  const first = createFaultyFront(options)
  await listen(first.server, isName ? '127.0.0.1' : options.host, options.port)
  const port = portOf(first.server)
  const fronts = [first]
  if (isName) {
    const second = createFaultyFront(options)
    if (await listenIfPossible(second.server, port)) fronts.push(second)
  }
  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://${options.host}:${port}`,
    port,
    async close() {
      await Promise.all(fronts.map((front) => front.close()))
    },
  }
}

let connections = 0
const connectionNumbers = new WeakMap<Socket, number>()

function createFaultyFront(options: ListenerOptions): Front {
  const http = createServer({ keepAliveTimeout: IDLE_MS }, (message, response) => {
    answer(options, message, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined)
    })
  })
  http.on('connection', (socket) => {
    connectionNumbers.set(socket, ++connections)
  })
  const fault = () => options.connections?.take(options.role)
  return openFront({ http, fault, ...(options.tls === undefined ? {} : { tls: options.tls }) })
}

async function answer(
  options: ListenerOptions,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const request = seenRequest(message)
  const controlled = request === undefined ? undefined : await options.control?.(request)
  const entry = beginEntry(options, message, request)
  // The client may be gone at any time; the log says so.
  response.on('error', () => undefined)
  if (controlled !== undefined) return sendReply(response, controlled, {}, entry)
  options.log.push(entry)
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
  if (fault.raw !== undefined) return sendRaw(response, fault.raw, entry)
  if (fault.rawBefore !== undefined) response.socket?.write(fault.rawBefore, 'latin1')
  const asked = fault.ignoreRange === true ? withoutRange(request) : request
  const reply = replacementReply(fault) ?? (await routeSafely(options.route, asked))
  const decorated = options.decorate?.(request, reply) ?? reply
  await sendReply(response, alterReply(decorated, fault), fault, entry)
}

function hangUp(response: ServerResponse, how: 'fin' | 'reset', entry: LogEntry): void {
  if (how === 'fin') response.destroy()
  else resetConnection(response.socket)
  entry.end = how === 'fin' ? 'cut' : 'reset'
}

function sendRaw(response: ServerResponse, raw: string, entry: LogEntry): void {
  entry.end = 'cut'
  response.socket?.end(raw, 'latin1')
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

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** A machine without IPv6 resolves `localhost` to 127.0.0.1 alone. */
async function listenIfPossible(server: Server, port: number): Promise<boolean> {
  try {
    await listen(server, '::1', port)
    return true
  } catch (error) {
    // Node gives system errors a code; the type says only Error.
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT') return false
    throw error
  }
}

function portOf(server: Server): number {
  // A TCP server that listens has an address with a port.
  return (server.address() as AddressInfo).port
}
