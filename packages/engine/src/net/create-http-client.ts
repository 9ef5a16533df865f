import { WindlassError } from '../errors/windlass-error.ts'
import type { Clock } from '../runtime/clock.ts'
import { untilAbort } from '../verification/until-abort.ts'
import { credentialHeaders } from './credential.ts'
import { createProxiedNames } from './egress/create-proxied-names.ts'
import { createEgressPolicy, type EgressRules } from './egress/egress-policy.ts'
import { lookUpBySystem, type NameLookup } from './egress/look-up-name.ts'
import type { HttpClient, HttpRequest, HttpResponse } from './http-client.ts'
import { namingHost } from './naming-host.ts'
import { openTransports, type ProxySettings, type Transports } from './open-transports.ts'
import { redactUrl } from './redact-url.ts'
import { redirectTarget } from './redirect-target.ts'
import type { ResponseHead } from './response-head.ts'
import { createRestingHosts } from './resting-hosts.ts'
import type { HttpTimeouts } from './transport.ts'

export interface HttpClientOptions {
  readonly clock: Pick<Clock, 'now' | 'monotonicMs'>
  readonly userAgent: string
  readonly proxy: ProxySettings
  /** Where this client may go beside the public internet. */
  readonly egress: EgressRules
  /** How host names become addresses; the system's way when absent. */
  readonly lookup?: NameLookup
  /** Which addresses are public; tests take one of loopback for public. */
  readonly isPublicAddress?: (address: string) => boolean
  readonly timeouts?: Partial<HttpTimeouts>
  /** Connections at once to one origin; requests beyond it wait. No limit when absent. */
  readonly connectionsPerOrigin?: number
}

const MAX_REDIRECTS = 8
const DEFAULT_TIMEOUTS: HttpTimeouts = { connectMs: 10_000, headersMs: 15_000, bodyMs: 30_000 }

/**
 * Opens a client with connection pools of its own. It reads nothing from the
 * environment, keeps no cookies and sends no `Referer`.
 */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const resting = createRestingHosts(options.clock)
  const lookup = options.lookup ?? lookUpBySystem
  const egress = createEgressPolicy(options.egress, options.isPublicAddress)
  const proxiedNames = createProxiedNames({ lookup, policy: egress, clock: options.clock })
  const transports = openTransports({
    proxy: options.proxy,
    egress,
    lookup,
    timeouts: { ...DEFAULT_TIMEOUTS, ...options.timeouts },
    connectionsPerOrigin: options.connectionsPerOrigin ?? null,
  })

  /** Asked anew at each hop; where a name leads is judged when its connection is made. */
  async function admit(url: URL, signal: AbortSignal): Promise<void> {
    egress.admit(url)
    if (!transports.hasProxy(url) || egress.isExempt(url)) return
    await untilAbort(proxiedNames.admit(url), signal)
  }

  async function open(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
    let url = plainAddress(request.url)
    for (let redirects = 0; ; redirects++) {
      signal.throwIfAborted()
      await admit(url, signal)
      resting.refuse(url)
      const response = await send({ url, request, signal, transports, options })
      resting.watch(response)
      // This connection is not meant for this host, whatever its name (RFC 9110 §15.5.20).
      if (response.status === 421) transports.for(url).renew(url)
      const target = examine(response, request)
      if (target === null) return response
      // Reading the little that a redirect says keeps its connection for the next request.
      response.body.discard()
      if (redirects === MAX_REDIRECTS) throw loop(request.url)
      url = target
    }
  }

  return {
    open: (request, { signal }) => open(request, signal),
    noteRest: (head: ResponseHead) => resting.note(head),
    cutRestsShort: () => resting.cutShort(),
    close: () => transports.close(),
  }
}

interface Sending {
  readonly url: URL
  readonly request: HttpRequest
  readonly signal: AbortSignal
  readonly transports: Transports
  readonly options: Pick<HttpClientOptions, 'userAgent'>
}

async function send(sending: Sending): Promise<HttpResponse> {
  const { url, request, signal, transports, options } = sending
  const headers = {
    accept: '*/*',
    'accept-encoding': 'identity',
    'user-agent': options.userAgent,
    ...request.headers,
    ...credentialHeaders(request.credentials, url),
  }
  try {
    return await transports.for(url).send({ url, method: request.method, headers, signal })
  } catch (error) {
    signal.throwIfAborted()
    throw proxyRefusal(error, sending)
  }
}

/** Lets the caller judge the answer and says where it leads; refusing it closes its connection. */
function examine(response: HttpResponse, request: HttpRequest): URL | null {
  try {
    request.judge(response)
    return redirectTarget(response)
  } catch (error) {
    response.body.destroy()
    throw error
  }
}

/**
 * undici's errors when a proxy answers with something else than the way through: ABORTED
 * for a tunnel (nobody aborted), INVALID_ARG when it wants a password for plain http.
 */
const PROXY_REFUSALS = new Set(['UND_ERR_ABORTED', 'UND_ERR_INVALID_ARG'])

function proxyRefusal(error: unknown, { transports, url }: Sending): unknown {
  const named = namingHost(error, url)
  if (!transports.hasProxy(url) || !(error instanceof Error) || !('code' in error)) return named
  if (typeof error.code !== 'string' || !PROXY_REFUSALS.has(error.code)) return named
  // What a proxy answers to the wish for a tunnel, undici tells in words only.
  const wantsPassword = error.code === 'UND_ERR_INVALID_ARG' || /\b407\b/.test(error.message)
  const code = wantsPassword ? 'PROXY_AUTH' : 'PROXY_ERROR'
  return new WindlassError(code, { detail: `on the way to ${url.host}`, cause: error })
}

function plainAddress(url: URL): URL {
  const plain = new URL(url)
  plain.username = ''
  plain.password = ''
  plain.hash = ''
  return plain
}

function loop(url: URL): WindlassError {
  return new WindlassError('HTTP_REDIRECT_LOOP', {
    detail: `more than ${MAX_REDIRECTS} redirects from ${redactUrl(url)}`,
  })
}
