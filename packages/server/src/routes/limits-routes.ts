import { CurrentLimits, LimitsChange } from '@windlass/contract'
import type { Limits } from '@windlass/engine'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { CURRENT_LIMITS, LIMITS_CHANGE } from '../openapi/examples.ts'
import type { RouteDoc } from '../openapi/route-doc.ts'

export interface LimitsRoutesDeps {
  readonly limits: Pick<Limits, 'current' | 'change'>
}

const GET = {
  operationId: 'getLimits',
  description: 'Everything that is limited, what holds at this moment, and why.',
  response: { 200: CurrentLimits },
} as const

const CHANGE = {
  operationId: 'changeLimits',
  description:
    'Changes the limits that are named, at once and over restarts; `reset` takes them back to what the settings say.',
  body: LimitsChange,
  response: { 200: CurrentLimits },
} as const

const DOCS = {
  get: { answers: { 200: CURRENT_LIMITS } },
  change: { problems: ['DISK_FULL'], body: LIMITS_CHANGE, answers: { 200: CURRENT_LIMITS } },
} as const satisfies Record<string, RouteDoc>

/** Reading and changing how much may happen at once and how fast. */
export const limitsRoutes: FastifyPluginAsyncZod<LimitsRoutesDeps> = async (app, { limits }) => {
  app.get('/limits', { schema: GET, config: { doc: DOCS.get } }, async () => limits.current())
  app.patch('/limits', { schema: CHANGE, config: { doc: DOCS.change } }, async (request) =>
    limits.change(request.body),
  )
}
