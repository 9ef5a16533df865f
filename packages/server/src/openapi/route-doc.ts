import type { ErrorCode } from '@windlass/contract'

/** What the OpenAPI document tells of a route beyond its schemas. */
export interface RouteDoc {
  /** Codes that it can answer with, beside those of every route of its kind. */
  readonly problems?: readonly ErrorCode[]
  /** An example of a body; for routes that take one. */
  readonly body?: unknown
  /** An example of each answer that is no problem, by its status; null for one without a body. */
  readonly answers: Readonly<Record<number, unknown>>
}

declare module 'fastify' {
  interface FastifyContextConfig {
    doc?: RouteDoc
  }
}
