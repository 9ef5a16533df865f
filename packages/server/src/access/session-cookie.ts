import type { CookieSerializeOptions } from '@fastify/cookie'
import type { FastifyRequest } from 'fastify'
import { arrivalOf } from './arrival.ts'

/**
 * Cookies know no ports: with the port in its name, the cookie of one server leaves the one of
 * another on the same machine alone.
 */
export function sessionCookieName(request: FastifyRequest): string {
  return `windlass-${arrivalOf(request.raw.socket).localPort ?? 'socket'}`
}

/** For no script, for no other site, and for the whole of ours. `Secure` would keep it off plain http. */
export const SESSION_COOKIE: CookieSerializeOptions = {
  httpOnly: true,
  sameSite: 'strict',
  path: '/',
}
