import type { Credential } from './credential.ts'
import type { ResponseBody } from './response-body.ts'
import type { ResponseHead } from './response-head.ts'

export interface HttpRequest {
  readonly url: URL
  readonly method: 'GET' | 'HEAD'
  /** Sent at every hop; never put a secret here. */
  readonly headers: Readonly<Record<string, string>>
  /** Attached at each hop to the origins they name, and nowhere else. */
  readonly credentials: readonly Credential[]
  /** Called with the head of every answer, redirects included, before anything else is done with it. */
  readonly judge: (head: ResponseHead) => void
}

/** The final answer. Its `url` is the address after all redirects. */
export interface HttpResponse extends ResponseHead {
  /** Must be taken to its end or destroyed. */
  readonly body: ResponseBody
}

/**
 * Opens addresses for the engine: redirects by hand, credentials by origin, private
 * addresses only where the operator allowed them, a host that asked for rest is left
 * alone. One try, no retry.
 */
export interface HttpClient {
  /**
   * Resolves with the first answer that is not a redirect, whatever its status.
   * An answer that says that a quota of the Hub is used up makes the requests of that quota rest.
   * @throws WindlassError URL_BLOCKED for what is neither public nor allowed, without a
   *   request; HTTP_RATE_LIMITED without a request while the host rests; NET_DNS,
   *   HTTP_REDIRECT_LOOP, HTTP_REDIRECT_BLOCKED, HTTP_PROTOCOL; and what `judge` throws.
   *   Failures of the network pass through as Node's and undici's own errors.
   */
  open(request: HttpRequest, options: { readonly signal: AbortSignal }): Promise<HttpResponse>

  /**
   * Remembers that the host of `head` asked for rest (429, 503, `Retry-After`, `RateLimit`).
   * @returns when it may be asked again, epoch milliseconds; null when it named no time
   */
  noteRest(head: ResponseHead): number | null

  /** A person wants it now: hosts that rest may be asked once; what they then say stands. */
  cutRestsShort(): void

  close(): Promise<void>
}
