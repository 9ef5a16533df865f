import type { IncomingHttpHeaders } from 'node:http'
import { bytesInMemory, type VirtualBytes } from '../bytes/virtual-bytes.ts'
import { type RequestedRange, spanOf } from './byte-range.ts'

/** One request as a route sees it. */
export interface SeenRequest {
  readonly method: string
  /** The request target as it came, with its query. */
  readonly url: string
  /** The path's segments, each decoded by itself: `a%2Fb` is one segment. */
  readonly segments: readonly string[]
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly range: RequestedRange | undefined
  /** The whole request body, at most 1 MiB. */
  body(): Promise<Buffer>
}

export interface ReplyBody {
  /** The content as a whole; sent is `[start, end)` of it. */
  readonly bytes: VirtualBytes
  readonly start: number
  readonly end: number
  /** Without a length the body is chunked. */
  readonly hasLength: boolean
  /** Neither length nor chunks: the end of the connection is the end of the body. */
  readonly untilClose?: boolean
  readonly gzip: boolean
}

/** What a route answers; faults then change it or its delivery. */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body?: ReplyBody
}

/** An answer whose body is a text in memory. */
export function textReply(
  status: number,
  text: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  const bytes = bytesInMemory(text)
  const body = { bytes, start: 0, end: bytes.sizeBytes, hasLength: true, gzip: false }
  return { status, headers: { 'Content-Type': 'text/plain; charset=utf-8', ...headers }, body }
}

export function jsonReply(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  const type = { 'Content-Type': 'application/json; charset=utf-8' }
  return textReply(status, JSON.stringify(value), { ...type, ...headers })
}

/** A file, or the part of it that the request's `Range` and `If-Range` ask for: 200, 206 or 416. */
export function fileReply(
  request: Pick<SeenRequest, 'range' | 'headers'>,
  bytes: VirtualBytes,
  headers: Readonly<Record<string, string>>,
): Reply {
  const shared = {
    'Content-Type': 'application/octet-stream',
    'Accept-Ranges': 'bytes',
    ...headers,
  }
  const whole = { bytes, start: 0, end: bytes.sizeBytes, hasLength: true, gzip: false }
  const ifRange = request.headers['if-range']
  const stillValid = ifRange === undefined || ifRange === headers['ETag']
  if (request.range === undefined || !stillValid)
    return { status: 200, headers: shared, body: whole }
  const span = spanOf(request.range, bytes.sizeBytes)
  if (span === undefined) {
    return { status: 416, headers: { 'Content-Range': `bytes */${bytes.sizeBytes}` } }
  }
  const contentRange = `bytes ${span.start}-${span.end - 1}/${bytes.sizeBytes}`
  return {
    status: 206,
    headers: { ...shared, 'Content-Range': contentRange },
    body: { ...whole, ...span },
  }
}
