import type { ServerResponse } from 'node:http'
import type { Logger } from '@windlass/engine'
import type { FastifyReply } from 'fastify'

/** Takes the answer out of the framework's hands and begins a stream of server-sent events. */
export function beginEventStream(reply: FastifyReply, log: Logger): ServerResponse {
  const headers = reply.getHeaders()
  reply.hijack()
  const response = reply.raw
  response.on('error', (err) => log.debug({ err }, 'an event stream broke'))
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) response.setHeader(name, value)
  }
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'x-accel-buffering': 'no',
  })
  return response
}
