import {
  type Clock,
  type Engine,
  type Secret,
  StopRequest,
  systemClock,
  WindlassError,
} from '@windlass/engine'
import { type FastifyBaseLogger, type FastifyInstance, fastify, LogController } from 'fastify'
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { Log } from './create-log.ts'
import { EventHub } from './live/event-hub.ts'
import { collectOpenapi } from './plugins/collect-openapi.ts'
import { guardRequests } from './plugins/guard-requests.ts'
import { type ProblemDeps, sendProblem } from './plugins/send-problems.ts'
import { bulkRoutes } from './routes/bulk-routes.ts'
import { downloadsRoutes } from './routes/downloads-routes.ts'
import { eventsRoutes } from './routes/events-routes.ts'
import { healthRoute } from './routes/health-route.ts'
import { limitsRoutes } from './routes/limits-routes.ts'
import { modelDownloadRoutes } from './routes/model-download-routes.ts'
import { modelRoutes } from './routes/model-routes.ts'
import { modelVerifyRoute } from './routes/model-verify-route.ts'
import { videoRoutes } from './routes/video-routes.ts'

export interface AppOptions {
  readonly engine: Engine
  /** The API token: every request shows it. */
  readonly token: Secret
  /** One more token that counts on a Unix socket only: the home's own, beside the operator's. */
  readonly socketToken?: Secret
  readonly log: Log
  /** Names under which clients may address this server, without port; IPv6 addresses in brackets. */
  readonly allowedHosts: readonly string[]
  readonly version: string
  /** When the owner of the home started, epoch milliseconds. */
  readonly startedAt: number
  readonly clock?: Clock
}

const LARGEST_BODY_BYTES = 1024 * 1024

/**
 * Builds the API over an engine; knows neither environment nor port. `close()` ends
 * the live streams and refuses whatever still comes; the engine stays open.
 */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const { engine, log, clock = systemClock } = options
  const deps: ProblemDeps = { log, clock }
  const loggerInstance: FastifyBaseLogger = log
  const app = fastify({
    loggerInstance,
    // Its lines hold addresses with their queries; ours, in `onResponse`, do not.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: LARGEST_BODY_BYTES,
    exposeHeadRoutes: false,
    // Our own hook answers while closing, with a problem document.
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => sendProblem(error, request, reply, deps),
  })
  app.removeContentTypeParser('text/plain')
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply, deps))
  app.setNotFoundHandler((request, reply) =>
    sendProblem(new WindlassError('ROUTE_NOT_FOUND'), request, reply, deps),
  )
  const closing = closeInOrder(app)
  addRequestHooks(app, options, closing)
  const hub = new EventHub({ log: engine.events, clock })
  app.addHook('preClose', async () => hub.close())
  await addRoutes(app, { ...options, closing, hub })
  return app
}

/** Aborts as soon as closing begins. */
function closeInOrder(app: FastifyInstance): AbortSignal {
  const closing = new AbortController()
  app.addHook('preClose', async () => closing.abort(new StopRequest('shutdown')))
  return closing.signal
}

function addRequestHooks(app: FastifyInstance, options: AppOptions, closing: AbortSignal): void {
  const { log, token, socketToken = null, allowedHosts } = options
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
    if (closing.aborted) throw new WindlassError('SERVER_CLOSING')
  })
  app.addHook('onRequest', guardRequests({ token, socketToken, allowedHosts }))
  app.addHook('onResponse', async (request, reply) => {
    // The pattern of the route and not the address: queries are the client's own.
    const facts = { method: request.method, route: request.routeOptions.url ?? null }
    const ms = Math.round(reply.elapsedTime)
    log.debug({ ...facts, status: reply.statusCode, ms }, 'answered')
  })
}

interface RouteParts extends AppOptions {
  readonly closing: AbortSignal
  readonly hub: EventHub
}

async function addRoutes(app: FastifyInstance, parts: RouteParts): Promise<void> {
  const { engine, closing, hub, log, version, startedAt, clock = systemClock } = parts
  const { downloads, events, models } = engine
  const prefix = '/api'
  await collectOpenapi(app, version)
  await app.register(downloadsRoutes, { prefix, downloads, closing })
  await app.register(bulkRoutes, { prefix, downloads })
  await app.register(eventsRoutes, { prefix, hub, downloads, log })
  await app.register(limitsRoutes, { prefix, limits: engine.limits })
  await app.register(modelRoutes, { prefix, models, closing })
  await app.register(modelDownloadRoutes, {
    prefix,
    models,
    downloads,
    events,
    clock,
    log,
    closing,
  })
  await app.register(modelVerifyRoute, { prefix, models, clock, log, closing })
  await app.register(videoRoutes, { prefix })
  await app.register(healthRoute, { prefix, counts: () => engine.counts(), version, startedAt })
  app.get(
    '/api/openapi.json',
    { schema: { hide: true, response: { 200: z.looseObject({}) } } },
    async () => app.swagger(),
  )
}
