import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { AppMetrics } from '../metrics/app-metrics.ts'

export interface MetricsRouteDeps {
  readonly metrics: AppMetrics
}

const EXAMPLE = 'windlass_downloads{state="downloading"} 3\n'

/** Figures for Prometheus. */
export const metricsRoute: FastifyPluginAsyncZod<MetricsRouteDeps> = async (app, { metrics }) => {
  app.get(
    '/metrics',
    {
      schema: {
        operationId: 'getMetrics',
        description:
          'For Prometheus; docs/metrics.md has the names. The Unix socket needs no token.',
        response: {
          200: {
            description: 'The metrics of the moment',
            content: { 'text/plain': { schema: z.string() } },
          },
        },
      },
      config: { isOpenOnSocket: true, doc: { answers: { 200: EXAMPLE } } },
    },
    async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()),
  )
}
