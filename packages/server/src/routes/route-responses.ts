import { Problem } from '@windlass/contract'
import { z } from 'zod'

const problem = { content: { 'application/problem+json': { schema: Problem } } }

/** Answers that every route can give, for the schema of a route. */
export const COMMON_PROBLEMS = { '4xx': problem, '5xx': problem } as const

/** A stream of server-sent events; its body is written by hand. */
export const EVENT_STREAM = {
  description: 'Server-sent events; `id` is the sequence number, `data` one event as JSON',
  content: { 'text/event-stream': { schema: z.string() } },
} as const

export const IdParams = z.object({ id: z.string().min(1).max(128) })
