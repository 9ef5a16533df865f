import type { Logger } from '@windlass/engine'
import type { FastifyReply } from 'fastify'
import { beginEventStream } from '../live/begin-event-stream.ts'
import type { LiveStream } from '../live/event-hub.ts'
import { LARGEST_BACKLOG_BYTES } from '../live/largest-backlog.ts'

/** A stream of server-sent events that ends by itself. */
export interface EventSender extends LiveStream {
  /** Drops the reader when it does not read. */
  send(event: string, data: unknown): void
  /** Calls `listener` when the reader has gone or the stream is at its end. */
  onClose(listener: () => void): void
}

/** Takes the answer out of the framework's hands and begins the stream. */
export function sendEvents(reply: FastifyReply, log: Logger): EventSender {
  const sink = beginEventStream(reply, log)
  sink.flushHeaders()
  const write = (text: string): void => {
    if (sink.destroyed || sink.writableEnded) return
    sink.write(text)
    if (sink.writableLength > LARGEST_BACKLOG_BYTES) sink.destroy()
  }
  return {
    send: (event, data) => write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`),
    beat: () => write(': heartbeat\n\n'),
    end: () => void sink.end(),
    onClose: (listener) => void sink.once('close', listener),
  }
}
