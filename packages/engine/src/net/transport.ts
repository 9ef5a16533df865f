import type { HttpResponse } from './http-client.ts'

export interface HttpTimeouts {
  readonly connectMs: number
  /** From the request written to the whole head received. */
  readonly headersMs: number
  /** Between two pieces of a body. */
  readonly bodyMs: number
}

/** One request as it goes out, with all its headers. */
export interface OutgoingRequest {
  readonly url: URL
  readonly method: 'GET' | 'HEAD'
  readonly headers: Readonly<Record<string, string>>
  /** Ends the request, and the body of its answer. */
  readonly signal: AbortSignal
}

/** Sends requests over connections that it keeps. */
export interface Transport {
  /**
   * Resolves with whatever is answered. A host may close an idle connection just as it is
   * written to: that is nobody's failure, so the request goes out once more then (RFC 9112
   * §9.3.1 allows it for GET). Other failures pass through as Node's and undici's own errors.
   */
  send(request: OutgoingRequest): Promise<HttpResponse>
  /** The next request to `url` goes over a new connection; what is on its way comes to its end. */
  renew(url: URL): void
  close(): Promise<void>
}

export const MAX_HEADER_BYTES = 64 * 1024
