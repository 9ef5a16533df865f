import { WindlassError } from '@windlass/engine'
import type { FastifyRequest } from 'fastify'
import { clientOf, isUnixSocket } from './arrival.ts'
import type { Access } from './open-access.ts'
import { sessionCookieName } from './session-cookie.ts'
import type { Session } from './sessions.ts'

/** How the asker proved who it is. */
export type Caller =
  | { readonly kind: 'token' }
  | { readonly kind: 'session'; readonly session: Session }
  /** Good for the one WebSocket that showed it. */
  | { readonly kind: 'ticket' }

/**
 * Who asks: by the token in the header, by the cookie of a session, or, for a WebSocket, whose
 * headers a page cannot choose, by a ticket in its address.
 * @throws WindlassError AUTH_REQUIRED, TOO_MANY_GUESSES; ORIGIN_REJECTED when a cookie comes with a
 *   change that names no page
 */
export async function authenticate(request: FastifyRequest, access: Access): Promise<Caller> {
  const { authorization } = request.headers
  if (authorization !== undefined) return byToken(request, authorization, access)
  const secret = request.cookies[sessionCookieName(request)]
  const session = secret === undefined ? null : await access.sessions.find(secret)
  if (session !== null) {
    requirePage(request)
    return { kind: 'session', session }
  }
  const ticket = request.ws ? ticketOf(request.query) : null
  if (ticket === null) throw new WindlassError('AUTH_REQUIRED')
  guess(request, access, () => access.codes.redeem('ticket', ticket))
  return { kind: 'ticket' }
}

/**
 * Lets one guess at a secret through, and counts it when it was wrong.
 * @throws WindlassError AUTH_REQUIRED, TOO_MANY_GUESSES
 */
export function guess(request: FastifyRequest, { guesses }: Access, isRight: () => boolean): void {
  const client = clientOf(request.raw.socket)
  if (client !== null) guesses.requireRoom(client)
  if (isRight()) {
    if (client !== null) guesses.forgive(client)
    return
  }
  if (client !== null) guesses.count(client)
  throw new WindlassError('AUTH_REQUIRED')
}

function byToken(request: FastifyRequest, header: string, access: Access): Caller {
  const shown = /^Bearer +([\x21-\x7e]{1,512})$/i.exec(header)?.[1]
  const by = isUnixSocket(request.raw.socket) ? 'socket' : 'tcp'
  guess(request, access, () => shown !== undefined && access.keys.matches(shown, by))
  return { kind: 'token' }
}

/**
 * A browser sends the cookie by itself, also for a page on another port of this machine, which is
 * the same site to it. It names the page with each request that could change something, and with
 * each WebSocket; that the named one is ours has been checked before.
 */
function requirePage(request: FastifyRequest): void {
  const canChange = request.ws || (request.method !== 'GET' && request.method !== 'HEAD')
  if (canChange && request.headers.origin === undefined) {
    throw new WindlassError('ORIGIN_REJECTED', { facts: { origin: null } })
  }
}

function ticketOf(query: unknown): string | null {
  if (typeof query !== 'object' || query === null || !('ticket' in query)) return null
  return typeof query.ticket === 'string' ? query.ticket : null
}
