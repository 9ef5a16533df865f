import { parseJson } from '@windlass/contract'
import { type Downloads, type Logger, WindlassError } from '@windlass/engine'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { clientOf } from '../access/arrival.ts'
import type { EventHub, ReaderOptions } from '../live/event-hub.ts'
import { originOf } from '../live/origin-of.ts'
import { type LiveSocket, SocketSink } from '../live/socket-sink.ts'
import { EventsQuery } from './event-query.ts'
import { IdParams } from './route-responses.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Takes WebSockets. */
    isSocket?: boolean
  }
}

export interface LiveRoutesDeps {
  readonly hub: EventHub
  readonly downloads: Pick<Downloads, 'find'>
  readonly log: Logger
}

/** RFC 6455, 7.4.1: a message that breaks the rules. */
const POLICY_VIOLATION = 1008

const LiveQuery = EventsQuery.extend({
  /** Only events of this download. */
  download: z.string().min(1).max(128).optional(),
  /** A code of `POST /api/tickets`, for clients that can set no header. */
  ticket: z.string().max(128).optional(),
})
const LinesQuery = LiveQuery.omit({ download: true })

/** All that a reader can say: take me back to behind this event. */
const GoBack = z.strictObject({ lastEventId: z.int().min(0) })

const upgraded = {
  101: z.null().meta({ description: 'From here on WebSocket: one event as JSON in each message' }),
}

const PROBLEMS = ['UPGRADE_REQUIRED', 'TOO_MANY_STREAMS'] as const

const ALL = {
  operationId: 'openSocket',
  description:
    'The events as a WebSocket. Begins behind `lastEventId`, or with a `resync` that tells where; a message `{"lastEventId": 5}` goes back to behind event 5, and repeats what came since.',
  querystring: LiveQuery,
  response: upgraded,
} as const

const LINES = {
  operationId: 'openLog',
  description:
    'The events of one download as a WebSocket, with its log lines (`download.logged`): those kept so far, then each new one.',
  params: IdParams,
  querystring: LinesQuery,
  response: upgraded,
} as const

/** Events over WebSockets: of everything, and of one download with its log. */
export const liveRoutes: FastifyPluginAsyncZod<LiveRoutesDeps> = async (app, deps) => {
  const { hub, downloads } = deps

  app.route({
    method: 'GET',
    url: '/ws',
    schema: ALL,
    config: { isSocket: true, doc: { problems: PROBLEMS, answers: { 101: null } } },
    preHandler: async (request, reply) => requireUpgrade(request, reply, hub),
    handler: unreachable,
    wsHandler: (socket: LiveSocket, request) => {
      const { download = null, lastEventId } = queryOf(LiveQuery, request)
      serve(socket, deps, { ...originOf(request), downloadId: download, after: place(lastEventId) })
    },
  })

  app.route({
    method: 'GET',
    url: '/ws/jobs/:id/logs',
    schema: LINES,
    config: {
      isSocket: true,
      doc: { problems: [...PROBLEMS, 'DOWNLOAD_NOT_FOUND'], answers: { 101: null } },
    },
    preHandler: async (request, reply) => {
      requireUpgrade(request, reply, hub)
      await downloads.find(request.params.id)
    },
    handler: unreachable,
    wsHandler: (socket: LiveSocket, request) => {
      const { id } = IdParams.parse(request.params)
      const after = place(queryOf(LinesQuery, request).lastEventId)
      serve(socket, deps, { ...originOf(request), downloadId: id, after, withLines: true })
    },
  })
}

/** The plugin's types do not pass the schema's on. */
function queryOf<T extends z.ZodType>(schema: T, request: { query: unknown }): z.output<T> {
  return schema.parse(request.query)
}

function place(lastEventId: string | undefined): number | null {
  return lastEventId === undefined ? null : Number(lastEventId)
}

/** What is no upgrade has been refused before. */
function unreachable(): never {
  throw new WindlassError('UPGRADE_REQUIRED')
}

/** Whatever speaks against the stream is told before the upgrade, as a problem document. */
function requireUpgrade(
  request: Pick<FastifyRequest, 'ws' | 'raw'>,
  reply: Pick<FastifyReply, 'headers'>,
  hub: EventHub,
): void {
  if (!request.ws) {
    // RFC 9110, 15.5.22: the answer names what to upgrade to.
    reply.headers({ upgrade: 'websocket', connection: 'upgrade' })
    throw new WindlassError('UPGRADE_REQUIRED')
  }
  hub.requireRoom(clientOf(request.raw.socket))
}

function serve(
  socket: LiveSocket,
  { hub, log }: LiveRoutesDeps,
  options: Omit<ReaderOptions, 'sink'>,
): void {
  const failed = (err: unknown): void => {
    log.error({ err }, 'an event socket failed')
    socket.terminate()
  }
  const serving = hub.serve({ ...options, sink: new SocketSink(socket) })
  serving.catch(failed)
  socket.on('message', (data) => {
    const wish = GoBack.safeParse(parseJson(data.toString()))
    if (!wish.success) return socket.close(POLICY_VIOLATION, 'expected {"lastEventId": NUMBER}')
    serving.then((reader) => reader.goBack(wish.data.lastEventId)).catch(failed)
  })
}
