import { randomUUID } from 'node:crypto'
import cookie from '@fastify/cookie'
import websocket from '@fastify/websocket'
import { type Clock, type Engine, StopRequest, systemClock, WindlassError } from '@windlass/engine'
import { type FastifyBaseLogger, type FastifyInstance, fastify, LogController } from 'fastify'
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { Access } from './access/open-access.ts'
import type { Log } from './create-log.ts'
import type { DownloadLines } from './live/download-lines.ts'
import { EventHub } from './live/event-hub.ts'
import { AppMetrics } from './metrics/app-metrics.ts'
import type { EventCounts } from './metrics/event-counts.ts'
import { watchLoopDelay } from './metrics/loop-delay.ts'
import { collectOpenapi } from './openapi/collect-openapi.ts'
import { docsPage } from './openapi/docs-page.ts'
import { guardRequests } from './plugins/guard-requests.ts'
import { limitRates } from './plugins/limit-rates.ts'
import { type ProblemDeps, sendProblem } from './plugins/send-problems.ts'
import { setHeaders } from './plugins/set-headers.ts'
import { bulkRoutes } from './routes/bulk-routes.ts'
import { downloadsRoutes } from './routes/downloads-routes.ts'
import { eventsRoutes } from './routes/events-routes.ts'
import { healthRoute } from './routes/health-route.ts'
import { limitsRoutes } from './routes/limits-routes.ts'
import { liveRoutes } from './routes/live-routes.ts'
import { metricsRoute } from './routes/metrics-route.ts'
import { modelDownloadRoutes } from './routes/model-download-routes.ts'
import { modelRoutes } from './routes/model-routes.ts'
import { modelVerifyRoute } from './routes/model-verify-route.ts'
import { sessionRoutes } from './routes/session-routes.ts'
import { signInPage } from './routes/sign-in-page.ts'
import { unavailableRoutes } from './routes/unavailable-routes.ts'

export interface AppOptions {
  readonly engine: Engine
  readonly access: Access
  readonly lines: DownloadLines
  readonly counts: EventCounts
  readonly log: Log
  /** Names under which clients may address this server, without port; IPv6 addresses in brackets. */
  readonly allowedHosts: readonly string[]
  readonly version: string
  /** When the owner of the home started, epoch milliseconds. */
  readonly startedAt: number
  readonly clock?: Clock
}

const LARGEST_BODY_BYTES = 1024 * 1024
/** What a WebSocket client may say at once; all it has to say is where to go on. */
const LARGEST_MESSAGE_BYTES = 1024

/**
 * Builds the API over an engine; knows neither environment nor port. `close()` ends
 * the live streams and refuses whatever still comes; the engine stays open.
 */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const { log, clock = systemClock } = options
  const deps: ProblemDeps = { log, clock }
  const loggerInstance: FastifyBaseLogger = log
  const app = fastify({
    loggerInstance,
    // Its lines hold addresses with their queries; ours, in `onResponse`, do not.
    logController: new LogController({
      disableRequestLogging: true,
      requestIdLogLabel: 'requestId',
    }),
    genReqId: () => randomUUID(),
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
  await addRequestHooks(app, { ...options, clock }, closing)
  const hub = openHub(app, { ...options, clock })
  const metrics = openMetrics(app, { ...options, clock }, hub)
  await addRoutes(app, { ...options, closing, hub, metrics })
  return app
}

/** Aborts as soon as closing begins. */
function closeInOrder(app: FastifyInstance): AbortSignal {
  const closing = new AbortController()
  app.addHook('preClose', async () => closing.abort(new StopRequest('shutdown')))
  return closing.signal
}

function openHub(
  app: FastifyInstance,
  { engine, access, lines, clock }: AppOptions & { readonly clock: Clock },
): EventHub {
  const hub = new EventHub({ log: engine.events, lines, clock })
  const stops = [access.sessions.onEnd((hash) => hub.endSession(hash)), () => hub.close()]
  app.addHook('preClose', async () => {
    for (const stop of stops) stop()
  })
  return hub
}

function openMetrics(
  app: FastifyInstance,
  { engine, counts, clock, version }: AppOptions & { readonly clock: Clock },
  hub: EventHub,
): AppMetrics {
  const loop = watchLoopDelay()
  const readers = (): number => hub.readerCount
  const metrics = new AppMetrics({ engine, counts, clock, version, readers, loopDelay: loop.read })
  app.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions } = request
    // A stream lasts for as long as somebody listens.
    if (request.ws || isStream(reply.raw.getHeader('content-type'))) return
    const seconds = reply.elapsedTime / 1000
    metrics.answered({ method, route: routeOptions.url ?? null, status: reply.statusCode, seconds })
  })
  app.addHook('preClose', async () => loop.stop())
  return metrics
}

function isStream(contentType: unknown): boolean {
  return String(contentType).startsWith('text/event-stream')
}

async function addRequestHooks(
  app: FastifyInstance,
  { log, access, allowedHosts, clock }: AppOptions & { readonly clock: Clock },
  closing: AbortSignal,
): Promise<void> {
  await setHeaders(app)
  app.addHook('onRequest', async () => {
    if (closing.aborted) throw new WindlassError('SERVER_CLOSING')
  })
  await app.register(cookie)
  await app.register(websocket, {
    options: { maxPayload: LARGEST_MESSAGE_BYTES },
    // The hub ends its readers, with a reason.
    preClose: (done) => done(),
  })
  app.decorateRequest('caller', null)
  app.addHook('onRequest', guardRequests({ access, allowedHosts }))
  await limitRates(app, clock)
  app.addHook('onResponse', async (request, reply) => {
    // The pattern of the route and not the address: queries are the client's own.
    const facts = { method: request.method, route: request.routeOptions.url ?? null }
    const ms = Math.round(reply.elapsedTime)
    const requestId = request.id
    log.debug({ ...facts, status: reply.statusCode, ms, requestId }, 'answered')
  })
}

interface RouteParts extends AppOptions {
  readonly closing: AbortSignal
  readonly hub: EventHub
  readonly metrics: AppMetrics
}

async function addRoutes(app: FastifyInstance, parts: RouteParts): Promise<void> {
  const { engine, access, closing, hub, metrics, log, version, startedAt } = parts
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
    hub,
    log,
    closing,
  })
  await app.register(modelVerifyRoute, { prefix, models, hub, log, closing })
  await app.register(unavailableRoutes, { prefix })
  await app.register(liveRoutes, { hub, downloads, log })
  await app.register(healthRoute, { prefix, counts: () => engine.counts(), version, startedAt })
  await app.register(metricsRoute, { metrics })
  await app.register(sessionRoutes, { prefix, access })
  await app.register(signInPage)
  await docsPage(app)
  app.get(
    '/api/openapi.json',
    { schema: { hide: true, response: { 200: z.looseObject({}) } } },
    async () => app.swagger(),
  )
}
