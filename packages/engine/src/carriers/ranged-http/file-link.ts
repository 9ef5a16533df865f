import { isWindlassError, WindlassError } from '../../errors/windlass-error.ts'
import type { HttpClient, HttpResponse } from '../../net/http-client.ts'
import type { ResponseHead } from '../../net/response-head.ts'
import { statusError } from '../../net/status-error.ts'
import type { ByteOrigin } from '../../sources/source.ts'

/** How a host says that a signed link has run out, or that it never was one. */
const REFUSALS: ReadonlySet<number> = new Set([401, 403, 404, 410])
const REST_STATUSES: ReadonlySet<number> = new Set([429, 503])
/** What a request for a range may be answered with; everything else is the file's host saying no. */
const RANGE_STATUSES: ReadonlySet<number> = new Set([200, 206, 416])

export interface FileLinkOptions {
  readonly http: Pick<HttpClient, 'open' | 'noteRest'>
  readonly origin: ByteOrigin
  /** For messages. */
  readonly path: string
  /** Whether bytes of this file came from the origin before. */
  readonly servedBefore: () => boolean
}

/**
 * The way to the bytes of one file. Remembers the signed address that a lasting one leads
 * to, and walks there again, once for all connections, when it is no longer accepted.
 */
export class FileLink {
  readonly #options: FileLinkOptions
  #signed: URL | null = null
  #isDirect: boolean = false
  #walking: Promise<void> | null = null

  constructor(options: FileLinkOptions) {
    this.#options = options
  }

  /**
   * Opens the file with these headers. The answer is a 200, 206 or 416.
   * @throws WindlassError LINK_EXPIRED when a fresh link is refused, SOURCE_GONE when the
   *   file vanished in the middle, what the source says about the answer, or what its
   *   status means. Failures of the network pass through.
   */
  async open(
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<HttpResponse> {
    for (;;) {
      signal.throwIfAborted()
      if (this.#isDirect) return this.#openOrigin(headers, signal)
      if (this.#signed !== null) {
        const response = await this.#openSigned(this.#signed, headers, signal)
        if (response !== null) return response
      } else if (this.#walking === null) {
        return this.#walk(headers, signal)
      } else {
        await this.#walking
      }
    }
  }

  /** Makes the next request start at the lasting address. */
  forget(): void {
    this.#signed = null
  }

  /** @returns null when the address is no longer accepted; it is forgotten then */
  async #openSigned(
    url: URL,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<HttpResponse | null> {
    const response = await this.#send(url, headers, signal, (head) => {
      // Whether a refusal means more than an old link, only a fresh one can tell.
      if (!REFUSALS.has(head.status)) this.#options.origin.judge(head)
    })
    if (!REFUSALS.has(response.status)) return this.#accept(response)
    response.body.destroy()
    if (this.#signed === url) this.#signed = null
    return null
  }

  /** Goes the whole way while the other connections wait for where it leads. */
  async #walk(
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<HttpResponse> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    // Nobody has to be waiting.
    promise.catch(() => {})
    this.#walking = promise
    try {
      const response = await this.#openOrigin(headers, signal)
      const { origin } = this.#options
      this.#isDirect = response.url.href === origin.url.href
      if (!this.#isDirect) this.#signed = response.url
      resolve()
      return response
    } catch (error) {
      // One connection's stop is not the others' failure: they go on and see their own signal.
      if (signal.aborted) resolve()
      else reject(error)
      throw error
    } finally {
      this.#walking = null
    }
  }

  async #openOrigin(
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<HttpResponse> {
    const { origin } = this.#options
    const response = await this.#send(origin.url, headers, signal, (head) => this.#judge(head))
    if (!REFUSALS.has(response.status)) return this.#accept(response)
    response.body.destroy()
    throw this.#refusal(response)
  }

  /** What was there when the file was begun has gone since; it is no wrong name. */
  #judge(head: ResponseHead): void {
    const { origin, path, servedBefore } = this.#options
    try {
      origin.judge(head)
    } catch (error) {
      if (!isWindlassError(error, 'HTTP_NOT_FOUND') || !servedBefore()) throw error
      throw new WindlassError('SOURCE_GONE', { detail: path, cause: error })
    }
  }

  #send(
    url: URL,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
    judge: (head: ResponseHead) => void,
  ): Promise<HttpResponse> {
    const { http, origin } = this.#options
    const request = {
      url,
      method: 'GET',
      headers: { ...origin.headers, ...headers },
      credentials: origin.credentials,
      judge,
    } as const
    return http.open(request, { signal })
  }

  #accept(response: HttpResponse): HttpResponse {
    if (RANGE_STATUSES.has(response.status)) return response
    response.body.destroy()
    const rests = REST_STATUSES.has(response.status)
    const retryAt = rests ? this.#options.http.noteRest(response) : null
    throw statusError(response, { what: this.#options.path, retryAt })
  }

  #refusal(head: ResponseHead): WindlassError {
    const { origin, path, servedBefore } = this.#options
    const isGone = head.status === 404 || head.status === 410
    if (isGone && servedBefore()) return new WindlassError('SOURCE_GONE', { detail: path })
    const isRedirected = head.url.origin !== origin.url.origin
    if (isRedirected && !isGone) {
      return new WindlassError('LINK_EXPIRED', {
        detail: `${path} (${head.url.host} answered ${head.status} to a fresh link)`,
        facts: { status: head.status, host: head.url.host },
      })
    }
    return statusError(head, { what: path })
  }
}
