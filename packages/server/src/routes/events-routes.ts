import { type Downloads, type Logger, WindlassError } from '@windlass/engine'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { EventHub } from '../live/event-hub.ts'
import { COMMON_PROBLEMS, EVENT_STREAM, IdParams } from './route-responses.ts'

export interface EventsRoutesDeps {
  readonly hub: EventHub
  readonly downloads: Pick<Downloads, 'find'>
  readonly log: Logger
}

const sequenceNumber = z.string().regex(/^\d{1,15}$/, 'must be the id of an event')

const EventsQuery = z.object({ lastEventId: sequenceNumber.optional() })

/** Server-sent events: of everything, and of one download. */
export const eventsRoutes: FastifyPluginAsyncZod<EventsRoutesDeps> = async (app, deps) => {
  app.get(
    '/events',
    {
      schema: {
        operationId: 'followEvents',
        querystring: EventsQuery,
        response: { 200: EVENT_STREAM, ...COMMON_PROBLEMS },
      },
    },
    async (request, reply) => {
      const after = lastEventId(request, request.query.lastEventId)
      stream(reply, deps, { downloadId: null, after })
    },
  )

  app.get(
    '/downloads/:id/events',
    {
      schema: {
        operationId: 'followDownload',
        params: IdParams,
        querystring: EventsQuery,
        response: { 200: EVENT_STREAM, ...COMMON_PROBLEMS },
      },
    },
    async (request, reply) => {
      const after = lastEventId(request, request.query.lastEventId)
      const { id } = await deps.downloads.find(request.params.id)
      stream(reply, deps, { downloadId: id, after })
    },
  )
}

/** The header wins: a browser that reconnects repeats the first address. */
function lastEventId(request: FastifyRequest, fromQuery: string | undefined): number | null {
  const header = request.headers['last-event-id']
  const text = header === undefined || header === '' ? fromQuery : header
  if (text === undefined) return null
  const parsed = sequenceNumber.safeParse(text)
  if (parsed.success) return Number(parsed.data)
  throw new WindlassError('BAD_REQUEST', { detail: 'Last-Event-ID must be the id of an event' })
}

function stream(
  reply: FastifyReply,
  { hub, log }: EventsRoutesDeps,
  options: { readonly downloadId: string | null; readonly after: number | null },
): void {
  hub.requireRoom()
  reply.hijack()
  const sink = reply.raw
  sink.on('error', (err) => log.debug({ err }, 'an event stream broke'))
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) sink.setHeader(name, value)
  }
  sink.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'x-accel-buffering': 'no',
  })
  hub.serve({ sink, ...options }).catch((err: unknown) => {
    log.error({ err }, 'an event stream failed')
    sink.destroy()
  })
}
