import { parseJson } from '@windlass/contract'
import type { z } from 'zod'
import { errorFromAnswer, localError } from './api-error.ts'

/** The part of a `fetch` answer that is used; the global fetch and undici's both fit. */
export interface FetchAnswer {
  readonly status: number
  readonly ok: boolean
  readonly body: {
    getReader(): {
      read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>
      cancel(reason?: unknown): Promise<void>
    }
  } | null
  text(): Promise<string>
}

export interface FetchOptions {
  readonly method: string
  readonly headers: Record<string, string>
  readonly body?: string
  readonly signal?: AbortSignal
}

/** `fetch` as the client calls it. Pass one with a dispatcher to reach a Unix socket. */
export type Fetch = (url: string, options: FetchOptions) => Promise<FetchAnswer>

export interface TransportOptions {
  /** For example `http://127.0.0.1:9465`; a path prefix is kept. */
  readonly baseUrl: string
  readonly token: string
  readonly fetch: Fetch
}

export interface Call {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Below the base address, with its query. */
  readonly path: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
}

export interface JsonAnswer<T> {
  readonly status: number
  readonly value: T
}

/** Sends requests with the token, and turns every failure into an ApiError. */
export class Transport {
  readonly #options: TransportOptions
  readonly #root: string

  constructor(options: TransportOptions) {
    this.#options = options
    this.#root = options.baseUrl.replace(/\/+$/, '')
  }

  /**
   * Sends one request; an answer with a failing status becomes its error.
   * @throws ApiError the server's own, SERVER_UNREACHABLE, HTTP_PROTOCOL
   * @throws the signal's reason when it aborts
   */
  async send(call: Call): Promise<FetchAnswer> {
    // Not as a method: the `fetch` of a browser refuses to be one.
    const { fetch } = this.#options
    const answer = await this.#reach(call.signal, () =>
      fetch(this.#root + call.path, {
        method: call.method,
        headers: {
          ...call.headers,
          authorization: `Bearer ${this.#options.token}`,
          ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
        ...(call.signal === undefined ? {} : { signal: call.signal }),
      }),
    )
    if (answer.ok) return answer
    const text = await this.#reach(call.signal, () => answer.text())
    throw errorFromAnswer(answer.status, parseJson(text))
  }

  /** Sends one request and reads its answer by `schema`; throws as `send` does. */
  async json<T>(call: Call, schema: z.ZodType<T>): Promise<JsonAnswer<T>> {
    const answer = await this.send(call)
    const text = await this.#reach(call.signal, () => answer.text())
    const parsed = schema.safeParse(parseJson(text))
    if (parsed.success) return { status: answer.status, value: parsed.data }
    throw localError('HTTP_PROTOCOL', {
      detail: `the answer to ${call.method} ${call.path} is not as agreed; do client and server have the same version?`,
      cause: parsed.error,
    })
  }

  async #reach<T>(signal: AbortSignal | undefined, step: () => Promise<T>): Promise<T> {
    try {
      return await step()
    } catch (cause) {
      signal?.throwIfAborted()
      throw localError('SERVER_UNREACHABLE', { detail: this.#root, cause })
    }
  }
}
