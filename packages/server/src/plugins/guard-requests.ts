import { WindlassError } from '@windlass/engine'
import type { FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify'
import { type Arrival, arrivalOf, isUnixSocket } from '../access/arrival.ts'
import { authenticate, type Caller } from '../access/authenticate.ts'
import type { Access } from '../access/open-access.ts'

export interface GuardOptions {
  readonly access: Access
  /** Names of this server, without port; IPv6 addresses in brackets. */
  readonly allowedHosts: readonly string[]
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answers whoever asks: what a browser needs before it is signed in. */
    isPublic?: boolean
    /** Asks for no token on the Unix socket, which only the user who runs the server can open. */
    isOpenOnSocket?: boolean
  }
  interface FastifyRequest {
    /** Null on public routes. */
    caller: Caller | null
  }
}

/**
 * Checks every request, known route or not, WebSockets too, before anything else looks at it: the
 * Host it names (DNS rebinding), the page it comes from (CSRF), and who asks. Each check holds on
 * loopback too. The order is from what a hostile page cannot choose to what it does not know.
 */
export function guardRequests(options: GuardOptions): onRequestHookHandler {
  return async (request, reply) => {
    const { isPublic = false, isOpenOnSocket = false } = request.routeOptions.config ?? {}
    requireOwnHost(request, options.allowedHosts)
    requireOwnPage(request, isPublic)
    const isOpen = isPublic || (isOpenOnSocket && isUnixSocket(request.raw.socket))
    if (!isOpen) request.caller = await callerOf(request, reply, options.access)
    requireSocketRoute(request)
  }
}

async function callerOf(
  request: FastifyRequest,
  reply: FastifyReply,
  access: Access,
): Promise<Caller> {
  try {
    return await authenticate(request, access)
  } catch (error) {
    reply.header('www-authenticate', 'Bearer realm="windlass"')
    throw error
  }
}

/** The plugin would open a WebSocket on any route, only to close it again. */
function requireSocketRoute({ ws, routeOptions }: FastifyRequest): void {
  if (!ws || routeOptions.url === undefined || routeOptions.config.isSocket === true) return
  throw new WindlassError('BAD_REQUEST', { detail: 'no WebSocket is spoken at this address' })
}

/**
 * Every `Host` value that names this server on the way the request came. The address
 * it came in by is always one: rebinding needs a name.
 */
export function ownAuthorities(arrival: Arrival, allowedHosts: readonly string[]): Set<string> {
  const { localAddress, localPort } = arrival
  if (localPort === undefined) return new Set(['localhost'])
  const names =
    localAddress === undefined ? allowedHosts : [...allowedHosts, bracketed(localAddress)]
  const authorities = new Set(names.map((name) => `${name}:${localPort}`))
  // Browsers leave out the port that the scheme implies.
  if (localPort === 80) for (const name of names) authorities.add(name)
  return authorities
}

function bracketed(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '')
  return plain.includes(':') ? `[${plain}]` : plain
}

function requireOwnHost(request: FastifyRequest, allowedHosts: readonly string[]): void {
  const own = ownAuthorities(arrivalOf(request.raw.socket), allowedHosts)
  const hosts = hostHeaders(request.raw.rawHeaders)
  const target = authorityOfTarget(request.raw.url ?? '')
  const named = target === null ? hosts : [...hosts, target]
  if (hosts.length === 1 && named.every((host) => own.has(host.toLowerCase()))) return
  throw new WindlassError('HOST_REJECTED', { facts: { host: hosts[0] ?? null } })
}

/** All Host headers: `headers` would show the first of several. */
function hostHeaders(rawHeaders: readonly string[]): string[] {
  return rawHeaders.filter(
    (_value, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'host',
  )
}

/** The authority of a request target in absolute form (RFC 9112, 3.2.2); null for a plain path. */
function authorityOfTarget(target: string): string | null {
  if (target.startsWith('/') || target === '*') return null
  return URL.canParse(target) ? new URL(target).host : ''
}

/** A link on another page may lead to a public page of ours, and to nothing else. */
function requireOwnPage(request: FastifyRequest, isPublic: boolean): void {
  const { origin, host } = request.headers
  const site = request.headers['sec-fetch-site']
  const isVisit =
    isPublic &&
    request.method === 'GET' &&
    request.headers['sec-fetch-mode'] === 'navigate' &&
    request.headers['sec-fetch-dest'] === 'document'
  const isForeign =
    (origin !== undefined && origin.toLowerCase() !== `http://${host?.toLowerCase()}`) ||
    ((site === 'cross-site' || site === 'same-site') && !isVisit)
  if (isForeign) throw new WindlassError('ORIGIN_REJECTED', { facts: { origin: origin ?? null } })
}
