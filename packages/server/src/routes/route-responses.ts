import { z } from 'zod'

/** A stream of server-sent events; its body is written by hand. */
export const EVENT_STREAM = {
  description: 'Server-sent events; `id` is the sequence number, `data` one event as JSON',
  content: { 'text/event-stream': { schema: z.string() } },
} as const

export const IdParams = z.object({ id: z.string().min(1).max(128) })
