import { Health } from '@windlass/contract'
import type { Engine } from '@windlass/engine'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { HEALTH } from '../openapi/examples.ts'

export interface HealthRouteDeps {
  readonly counts: Engine['counts']
  readonly version: string
  /** Epoch milliseconds. */
  readonly startedAt: number
}

/** Says that the server is there, which one it is, and how busy. */
export const healthRoute: FastifyPluginAsyncZod<HealthRouteDeps> = async (app, deps) => {
  app.get(
    '/health',
    {
      schema: { operationId: 'getHealth', response: { 200: Health } },
      config: { doc: { answers: { 200: HEALTH } } },
    },
    async () => ({
      status: 'ok' as const,
      version: deps.version,
      pid: process.pid,
      startedAt: deps.startedAt,
      ...(await deps.counts()),
    }),
  )
}
