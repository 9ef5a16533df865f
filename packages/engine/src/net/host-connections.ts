import { StopRequest } from '../runtime/stop-request.ts'
import type { HttpClient, HttpRequest, HttpResponse } from './http-client.ts'
import { onBodyOver } from './on-body-over.ts'

interface Waiting {
  readonly enter: () => void
}

/** The requests that one host answers at the moment, and those that wait for their turn. */
interface Host {
  open: number
  readonly waiting: Waiting[]
}

/**
 * Keeps the connections to one host below a limit, over all downloads. It counts where the
 * bytes come from: an answer that a redirect brought from a host that has enough is dropped
 * and asked for again, from there, when it is its turn.
 */
export class HostConnections {
  readonly #hosts = new Map<string, Host>()
  #limit: number | null = null

  /** For what is opened from now on, and for what waits. Null lifts it. */
  setLimit(limit: number | null): void {
    this.#limit = limit
    for (const name of [...this.#hosts.keys()]) this.#serve(name)
  }

  /** A client whose requests keep to the limit; a request counts until its body is closed. */
  guard<T extends Pick<HttpClient, 'open'>>(client: T): T {
    return {
      ...client,
      open: (request: HttpRequest, options: { readonly signal: AbortSignal }) =>
        this.#open(client, request, options.signal),
    }
  }

  async #open(
    client: Pick<HttpClient, 'open'>,
    request: HttpRequest,
    signal: AbortSignal,
  ): Promise<HttpResponse> {
    const asked = request.url.host
    let leave = await this.#enter(asked, signal)
    try {
      const response = await client.open(request, { signal })
      const { host } = response.url
      if (host !== asked) {
        leave()
        const entered = this.#enterNow(host)
        if (entered === null) {
          response.body.destroy()
          return await this.#open(client, { ...request, url: response.url }, signal)
        }
        leave = entered
      }
      return { ...response, body: onBodyOver(response.body, leave) }
    } catch (error) {
      leave()
      throw error
    }
  }

  async #enter(name: string, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted()
    return this.#enterNow(name) ?? (await this.#wait(name, signal))
  }

  /** Null when the host has enough. */
  #enterNow(name: string): (() => void) | null {
    const host = this.#host(name)
    const isFull = this.#limit !== null && host.open >= this.#limit
    if (isFull || (this.#limit !== null && host.waiting.length > 0)) return null
    host.open++
    return this.#leaving(name)
  }

  async #wait(name: string, signal: AbortSignal): Promise<() => void> {
    const { waiting } = this.#host(name)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const turn = { enter: resolve }
    const stop = (): void => {
      const index = waiting.indexOf(turn)
      if (index === -1) return
      waiting.splice(index, 1)
      reject(signal.reason ?? new StopRequest('shutdown'))
    }
    waiting.push(turn)
    signal.addEventListener('abort', stop, { once: true })
    try {
      await promise
      return this.#leaving(name)
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }

  /** Gives the place back, once. */
  #leaving(name: string): () => void {
    let isIn = true
    return () => {
      if (!isIn) return
      isIn = false
      this.#host(name).open--
      this.#serve(name)
    }
  }

  #serve(name: string): void {
    const host = this.#host(name)
    while (this.#limit === null || host.open < this.#limit) {
      const next = host.waiting.shift()
      if (next === undefined) break
      host.open++
      next.enter()
    }
    if (host.open === 0 && host.waiting.length === 0) this.#hosts.delete(name)
  }

  #host(name: string): Host {
    const host = this.#hosts.get(name) ?? { open: 0, waiting: [] }
    this.#hosts.set(name, host)
    return host
  }
}
