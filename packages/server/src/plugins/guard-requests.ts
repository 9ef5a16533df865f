import { createHash, timingSafeEqual } from 'node:crypto'
import { type Secret, WindlassError } from '@windlass/engine'
import type { FastifyRequest, onRequestHookHandler } from 'fastify'

export interface GuardOptions {
  readonly token: Secret
  /** One more token that counts on the Unix socket only. */
  readonly socketToken: Secret | null
  /** Names of this server, without port; IPv6 addresses in brackets. */
  readonly allowedHosts: readonly string[]
}

/** What a request came in by. A Unix socket has neither address nor port. */
export interface Arrival {
  readonly localAddress?: string | undefined
  readonly localPort?: number | undefined
}

/**
 * Checks every request, known route or not, before anything else looks at it: the
 * Host it names (DNS rebinding), the page it comes from (CSRF), and its token. Each
 * check holds on loopback too. The order is from what a hostile page cannot choose
 * to what it does not know.
 */
export function guardRequests(options: GuardOptions): onRequestHookHandler {
  const tokenMatches = tokenMatcher([options.token])
  const socketTokenMatches = tokenMatcher(
    options.socketToken === null ? [options.token] : [options.token, options.socketToken],
  )
  return async (request, reply) => {
    requireOwnHost(request, options.allowedHosts)
    requireOwnPage(request)
    const matches = request.raw.socket.localPort === undefined ? socketTokenMatches : tokenMatches
    if (matches(request.headers.authorization)) return
    reply.header('www-authenticate', 'Bearer realm="windlass"')
    throw new WindlassError('AUTH_REQUIRED')
  }
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
  const own = ownAuthorities(request.raw.socket, allowedHosts)
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

function requireOwnPage(request: FastifyRequest): void {
  const { origin } = request.headers
  const site = request.headers['sec-fetch-site']
  const isForeign =
    origin === undefined
      ? site === 'cross-site' || site === 'same-site'
      : origin.toLowerCase() !== `http://${request.headers.host?.toLowerCase()}`
  if (isForeign) throw new WindlassError('ORIGIN_REJECTED', { facts: { origin: origin ?? null } })
}

function tokenMatcher(tokens: readonly Secret[]): (header: string | undefined) => boolean {
  const expected = tokens.map((token) => digest(token.reveal()))
  return (header) => {
    const given = /^Bearer +([\x21-\x7e]{1,512})$/i.exec(header ?? '')?.[1]
    if (given === undefined) return false
    const shown = digest(given)
    // Digests have one length and tell nothing about how much of a guess was right.
    return expected.filter((known) => timingSafeEqual(known, shown)).length > 0
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
