import { SessionInfo, SignIn, SingleUseCode } from '@windlass/contract'
import { isWindlassError, WindlassError } from '@windlass/engine'
import type { FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { isUnixSocket } from '../access/arrival.ts'
import { guess } from '../access/authenticate.ts'
import type { Access } from '../access/open-access.ts'
import { SESSION_COOKIE, sessionCookieName } from '../access/session-cookie.ts'
import { CODE, SESSION } from '../openapi/examples.ts'
import type { RouteDoc } from '../openapi/route-doc.ts'

export interface SessionRoutesDeps {
  readonly access: Access
}

const SIGN_IN = {
  operationId: 'signIn',
  description:
    'Opens a session for a browser, kept in a cookie that no script can read. Every change that it asks for must name this server in `Origin`, as browsers do.',
  security: [],
  body: SignIn,
  response: { 200: SessionInfo },
} as const

const WHO = {
  operationId: 'getSession',
  description: 'How the asker is signed in, and until when.',
  response: { 200: SessionInfo },
} as const

const SIGN_OUT = {
  operationId: 'signOut',
  description: 'Ends the session of this browser and its live streams.',
  response: { 204: z.null() },
} as const

const LINK = {
  operationId: 'createSignInCode',
  description: 'A code that signs one browser in: the part behind `/signin#`. Works once.',
  response: { 201: SingleUseCode },
} as const

const TICKET = {
  operationId: 'createTicket',
  description: 'A code that opens one WebSocket, as its query `ticket`. Works once, for 30 s.',
  response: { 201: SingleUseCode },
} as const

const DOCS = {
  signIn: {
    problems: ['SIGN_IN_INVALID', 'DISK_FULL'],
    body: { code: CODE.code },
    answers: { 200: SESSION },
  },
  who: { answers: { 200: SESSION } },
  signOut: { problems: ['DISK_FULL'], answers: { 204: null } },
  code: { answers: { 201: CODE } },
} as const satisfies Record<string, RouteDoc>

/** Signing a browser in and out, and codes for what cannot send a header. */
export const sessionRoutes: FastifyPluginAsyncZod<SessionRoutesDeps> = async (app, { access }) => {
  const { sessions, codes } = access
  const publicSignIn = { isPublic: true, rateGroup: 'signIn', doc: DOCS.signIn } as const

  app.post('/session', { schema: SIGN_IN, config: publicSignIn }, async (request, reply) => {
    requireRight(request, request.body, access)
    const { secret, expiresAt } = await sessions.open()
    const cookie = { ...SESSION_COOKIE, expires: new Date(expiresAt) }
    reply.setCookie(sessionCookieName(request), secret, cookie)
    return { kind: 'session' as const, expiresAt }
  })
  app.get('/session', { schema: WHO, config: { doc: DOCS.who } }, async ({ caller }) =>
    caller?.kind === 'session'
      ? { kind: caller.kind, expiresAt: caller.session.expiresAt }
      : { kind: 'token' as const, expiresAt: null },
  )
  app.delete(
    '/session',
    { schema: SIGN_OUT, config: { doc: DOCS.signOut } },
    async (request, reply) => {
      const { caller } = request
      if (caller?.kind === 'session') await sessions.end(caller.session.hash)
      reply.clearCookie(sessionCookieName(request), SESSION_COOKIE)
      return reply.code(204).send(null)
    },
  )
  app.post('/session/code', { schema: LINK, config: { doc: DOCS.code } }, async (_request, reply) =>
    reply.code(201).send(codes.issue('sign-in')),
  )
  app.post('/tickets', { schema: TICKET, config: { doc: DOCS.code } }, async (_request, reply) =>
    reply.code(201).send(codes.issue('ticket')),
  )
}

/** @throws WindlassError SIGN_IN_INVALID, TOO_MANY_GUESSES */
function requireRight(request: FastifyRequest, shown: SignIn, access: Access): void {
  const by = isUnixSocket(request.raw.socket) ? 'socket' : 'tcp'
  try {
    guess(request, access, () =>
      'code' in shown
        ? access.codes.redeem('sign-in', shown.code)
        : access.keys.matches(shown.token, by),
    )
  } catch (error) {
    throw isWindlassError(error, 'AUTH_REQUIRED') ? new WindlassError('SIGN_IN_INVALID') : error
  }
}
