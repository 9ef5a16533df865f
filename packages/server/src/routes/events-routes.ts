import { type Downloads, type Logger, WindlassError } from '@windlass/engine'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { beginEventStream } from '../live/begin-event-stream.ts'
import type { EventHub, ReaderOptions } from '../live/event-hub.ts'
import { originOf } from '../live/origin-of.ts'
import { ResponseSink } from '../live/response-sink.ts'
import { EVENT_TEXT } from '../openapi/examples.ts'
import { EventNumber, EventsQuery } from './event-query.ts'
import { EVENT_STREAM, IdParams } from './route-responses.ts'

export interface EventsRoutesDeps {
  readonly hub: EventHub
  readonly downloads: Pick<Downloads, 'find'>
  readonly log: Logger
}

/** Server-sent events: of everything, and of one download. */
export const eventsRoutes: FastifyPluginAsyncZod<EventsRoutesDeps> = async (app, deps) => {
  app.get(
    '/events',
    {
      schema: {
        operationId: 'followEvents',
        querystring: EventsQuery,
        response: { 200: EVENT_STREAM },
      },
      config: { doc: { problems: ['TOO_MANY_STREAMS'], answers: { 200: EVENT_TEXT } } },
    },
    async (request, reply) => {
      const after = lastEventId(request, request.query.lastEventId)
      stream(request, reply, deps, { downloadId: null, after })
    },
  )

  app.get(
    '/downloads/:id/events',
    {
      schema: {
        operationId: 'followDownload',
        params: IdParams,
        querystring: EventsQuery,
        response: { 200: EVENT_STREAM },
      },
      config: {
        doc: { problems: ['TOO_MANY_STREAMS', 'DOWNLOAD_NOT_FOUND'], answers: { 200: EVENT_TEXT } },
      },
    },
    async (request, reply) => {
      const after = lastEventId(request, request.query.lastEventId)
      const { id } = await deps.downloads.find(request.params.id)
      stream(request, reply, deps, { downloadId: id, after })
    },
  )
}

/** The header wins: a browser that reconnects repeats the first address. */
function lastEventId(
  request: Pick<FastifyRequest, 'headers'>,
  fromQuery: string | undefined,
): number | null {
  const header = request.headers['last-event-id']
  const text = header === undefined || header === '' ? fromQuery : header
  if (text === undefined) return null
  const parsed = EventNumber.safeParse(text)
  if (parsed.success) return Number(parsed.data)
  throw new WindlassError('BAD_REQUEST', { detail: 'Last-Event-ID must be the id of an event' })
}

function stream(
  request: Pick<FastifyRequest, 'caller' | 'raw'>,
  reply: FastifyReply,
  { hub, log }: EventsRoutesDeps,
  options: Pick<ReaderOptions, 'downloadId' | 'after'>,
): void {
  const origin = originOf(request)
  hub.requireRoom(origin.client)
  const response = beginEventStream(reply, log)
  const sink = new ResponseSink(response)
  hub.serve({ ...options, ...origin, sink }).catch((err: unknown) => {
    log.error({ err }, 'an event stream failed')
    response.destroy()
  })
}
