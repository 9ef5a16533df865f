import { CurrentLimits, LimitsChange } from '@windlass/contract'
import type { Limits } from '@windlass/engine'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { COMMON_PROBLEMS } from './route-responses.ts'

export interface LimitsRoutesDeps {
  readonly limits: Pick<Limits, 'current' | 'change'>
}

const GET = {
  operationId: 'getLimits',
  description: 'Everything that is limited, what holds at this moment, and why.',
  response: { 200: CurrentLimits, ...COMMON_PROBLEMS },
} as const

const CHANGE = {
  operationId: 'changeLimits',
  description:
    'Changes the limits that are named, at once and over restarts; `reset` takes them back to what the settings say.',
  body: LimitsChange,
  response: { 200: CurrentLimits, ...COMMON_PROBLEMS },
} as const

/** Reading and changing how much may happen at once and how fast. */
export const limitsRoutes: FastifyPluginAsyncZod<LimitsRoutesDeps> = async (app, { limits }) => {
  app.get('/limits', { schema: GET }, async () => limits.current())
  app.patch('/limits', { schema: CHANGE }, async (request) => limits.change(request.body))
}
