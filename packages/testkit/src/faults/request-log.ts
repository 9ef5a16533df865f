import type { IncomingHttpHeaders } from 'node:http'

/** How an answer ended. `client-closed`: the other side went away before it was all sent. */
export type RequestEnd =
  | 'open'
  | 'complete'
  | 'cut'
  | 'reset'
  | 'stalled'
  | 'truncated'
  | 'client-closed'

/** One request and what became of it; filled in while it is being answered. */
export interface LoggedRequest {
  readonly role: string
  /** Requests with the same number came over the same connection. */
  readonly connection: number
  readonly method: string
  /** The request target as it came, with its query. */
  readonly url: string
  /** The decoded path without the query. */
  readonly path: string
  /** The file of a repository that it is about, if it is. */
  readonly file: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly range: string | undefined
  readonly startedAtMs: number
  /** 0 until answered. */
  readonly status: number
  /** Bytes of the body that were given to the connection; never less than what arrived. */
  readonly bytesSent: number
  readonly end: RequestEnd
  /** Whether a fault rule was applied. */
  readonly faulted: boolean
}

/** The same entry, for the one who fills it in. */
export type LogEntry = { -readonly [Key in keyof LoggedRequest]: LoggedRequest[Key] }
