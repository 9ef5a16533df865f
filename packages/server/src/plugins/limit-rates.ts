import rateLimit from '@fastify/rate-limit'
import { type Clock, WindlassError } from '@windlass/engine'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { clientOf } from '../access/arrival.ts'

/** Requests a minute and client, by what they cost. Reading is not among them. */
const A_MINUTE = {
  /** Deletes bytes. */
  cancel: 30,
  /** Accepts a job. */
  create: 1200,
  /** Asks a host, or reads what is on the disk. */
  inquire: 120,
  signIn: 20,
  change: 600,
} as const

export type RateGroup = keyof typeof A_MINUTE

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whose limit a request counts towards; by its method and path where nothing is said. */
    rateGroup?: RateGroup
  }
}

type Limiter = ReturnType<FastifyInstance['createRateLimit']>

/**
 * Bounds how often a client may change something. Every route that is not a GET belongs to a
 * group, and the routes of a group share its limit. The Unix socket has none: only the user who
 * runs the server can open it.
 */
export async function limitRates(app: FastifyInstance, clock: Clock): Promise<void> {
  await app.register(rateLimit, { global: false })
  const limiters = new Map<RateGroup, Limiter>()
  for (const [group, max] of Object.entries(A_MINUTE) as [RateGroup, number][]) {
    const keyGenerator = (request: FastifyRequest) => clientOf(request.raw.socket) ?? ''
    limiters.set(group, app.createRateLimit({ max, timeWindow: 60_000, keyGenerator }))
  }
  app.addHook('onRequest', async (request) => {
    const group = groupOf(request)
    if (group === null || clientOf(request.raw.socket) === null) return
    const limiter = limiters.get(group)
    if (limiter === undefined) return
    const result = await limiter(request)
    if (result.isAllowed || !result.isExceeded) return
    throw new WindlassError('TOO_MANY_REQUESTS', {
      detail: `${result.max} a minute are allowed`,
      retryAt: clock.now() + result.ttl,
    })
  })
}

/** Null for what only reads. */
function groupOf({ method, routeOptions }: FastifyRequest): RateGroup | null {
  const { config, url = '' } = routeOptions
  if (config?.rateGroup !== undefined) return config.rateGroup
  if (method === 'GET') return null
  return /\/cancel(\/|$)/.test(url) ? 'cancel' : 'change'
}
