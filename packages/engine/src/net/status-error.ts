import type { ErrorCode } from '@windlass/contract'
import { WindlassError } from '../errors/windlass-error.ts'
import { redactUrl } from './redact-url.ts'
import type { ResponseHead } from './response-head.ts'

/** What a status means when nothing better is known about the host. */
const STATUS_CODES: Readonly<Record<number, ErrorCode>> = {
  401: 'HTTP_AUTH',
  402: 'HTTP_FORBIDDEN',
  403: 'HTTP_FORBIDDEN',
  404: 'HTTP_NOT_FOUND',
  407: 'PROXY_AUTH',
  408: 'NET_TIMEOUT',
  410: 'SOURCE_GONE',
  416: 'RANGE_MISMATCH',
  421: 'HTTP_SERVER',
  425: 'HTTP_SERVER',
  429: 'HTTP_RATE_LIMITED',
  451: 'HTTP_LEGAL',
}

export interface StatusErrorOptions {
  /** What was asked for, for example a file's path or a repository's name. */
  readonly what: string
  /** What `HttpClient.noteRest` said about this answer. */
  readonly retryAt?: number | null
}

/**
 * The error that an unwelcome status stands for, whoever the host is. Any status that
 * is not an error, or that we did nothing to deserve, is HTTP_PROTOCOL.
 */
export function statusError(head: ResponseHead, options: StatusErrorOptions): WindlassError {
  const { what, retryAt } = options
  const code = STATUS_CODES[head.status] ?? (head.status >= 500 ? 'HTTP_SERVER' : 'HTTP_PROTOCOL')
  return new WindlassError(code, {
    detail: `${what} (${redactUrl(head.url)} answered ${head.status})`,
    facts: { status: head.status, host: head.url.host },
    ...(retryAt === undefined || retryAt === null ? {} : { retryAt }),
  })
}
