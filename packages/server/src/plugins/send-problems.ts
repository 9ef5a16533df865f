import { type Clock, classify, type Logger, WindlassError } from '@windlass/engine'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import { publicProblem } from './public-problem.ts'

export interface ProblemDeps {
  readonly log: Logger
  readonly clock: Clock
}

/** Pause that a client is asked for where the error itself knows no better one. */
const DEFAULT_RETRY_SECONDS = 10

/**
 * Answers a failed request with its problem document. Bugs are logged whole and
 * answered without their text, which may hold what is nobody's business.
 */
export function sendProblem(
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  deps: ProblemDeps,
): FastifyReply {
  const error = fromFastify(thrown) ?? classify(thrown)
  if (error.code === 'INTERNAL') {
    const route = request.routeOptions.url ?? null
    deps.log.error(
      { err: thrown, method: request.method, route, requestId: request.id },
      'a request met a bug',
    )
  }
  if (error.status === 429 || error.status === 503) {
    reply.header('retry-after', retryAfterSeconds(error, deps.clock))
  }
  return reply
    .code(error.status)
    .type('application/problem+json; charset=utf-8')
    .send(JSON.stringify(publicProblem(error)))
}

function retryAfterSeconds(error: WindlassError, clock: Clock): number {
  if (error.retryAt === undefined) return DEFAULT_RETRY_SECONDS
  return Math.max(1, Math.ceil((error.retryAt - clock.now()) / 1000))
}

/** What Fastify itself refuses, in our codes; null for everything else. */
function fromFastify(thrown: unknown): WindlassError | null {
  if (hasZodFastifySchemaValidationErrors(thrown)) {
    const detail = thrown.validation.map(({ instancePath, message }) => {
      const path = instancePath.slice(1).replaceAll('/', '.')
      return path === '' ? message : `${path}: ${message}`
    })
    return new WindlassError('BAD_REQUEST', { detail: detail.join('; ').slice(0, 1000) })
  }
  if (!(thrown instanceof Error) || !('statusCode' in thrown)) return null
  const { code, statusCode, message } = thrown as FastifyError
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new WindlassError('PAYLOAD_TOO_LARGE')
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return new WindlassError('UNSUPPORTED_MEDIA_TYPE')
  const isClients = statusCode !== undefined && statusCode >= 400 && statusCode < 500
  return isClients ? new WindlassError('BAD_REQUEST', { detail: message }) : null
}
