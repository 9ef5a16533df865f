import { Agent, type buildConnector, type Dispatcher, EnvHttpProxyAgent } from 'undici'
import { createConnector } from './egress/create-connector.ts'
import type { EgressPolicy } from './egress/egress-policy.ts'
import type { NameLookup } from './egress/look-up-name.ts'
import { SAFE_TLS } from './egress/safe-tls.ts'

export interface HttpTimeouts {
  readonly connectMs: number
  /** From the request written to the whole head received. */
  readonly headersMs: number
  /** Between two pieces of a body. */
  readonly bodyMs: number
}

export interface ProxySettings {
  readonly httpProxy?: string
  readonly httpsProxy?: string
  /** Hosts that are reached directly, separated by commas. */
  readonly noProxy?: string
}

export interface DispatcherOptions {
  readonly proxy: ProxySettings
  readonly egress: EgressPolicy
  readonly lookup: NameLookup
  readonly timeouts: HttpTimeouts
  readonly connectionsPerOrigin: number | null
}

/** The connection pools of one client. */
export interface Dispatchers {
  for(url: URL): Dispatcher
  /** True when addresses like `url` go through a proxy, save for the exceptions. */
  hasProxy(url: URL): boolean
  /** True when `error` ended a connection that had carried an answer before. */
  isFromUsedConnection(error: unknown): boolean
  /** The next request to `url` goes over a new connection; what is on its way comes to its end. */
  renew(url: URL): void
  close(): Promise<void>
}

const MAX_HEADER_BYTES = 64 * 1024

/**
 * Opens the pools. HTTP/1.1 only, since HTTP/2's flow control would cap a transfer.
 * An https address never goes through the proxy that was named for http alone. Hosts that
 * the operator named and all others have pools of their own, so that no connection which
 * was made for the one kind is ever used for the other.
 */
export function openDispatchers(options: DispatcherOptions): Dispatchers {
  const { proxy, egress } = options
  const used = createUsedConnections()
  const exempt = openPools(options, used, () => true)
  const guarded = openPools(options, used, egress.isPublic)
  const poolsFor = (url: URL) => (egress.isExempt(url) ? exempt : guarded)
  return {
    for: (url) => poolsFor(url).for(url),
    renew: (url) => poolsFor(url).renew(url),
    hasProxy: (url) => isGiven(url.protocol === 'https:' ? proxy.httpsProxy : proxy.httpProxy),
    isFromUsedConnection: used.isSource,
    async close() {
      await Promise.all([exempt.close(), guarded.close()])
    },
  }
}

/** One pair of pools, for http and https, whose direct connections end at accepted addresses alone. */
function openPools(
  options: DispatcherOptions,
  used: UsedConnections,
  accepts: (address: string) => boolean,
): Pick<Dispatchers, 'for' | 'renew' | 'close'> {
  const { proxy, timeouts, lookup } = options
  const pool = {
    allowH2: false,
    connectTimeout: timeouts.connectMs,
    headersTimeout: timeouts.headersMs,
    bodyTimeout: timeouts.bodyMs,
    maxHeaderSize: MAX_HEADER_BYTES,
    connections: options.connectionsPerOrigin,
    connect: used.watch(createConnector({ lookup, accepts, timeoutMs: timeouts.connectMs })),
  }
  const open = (uri: string | undefined): Dispatcher => {
    if (!isGiven(uri)) return new Agent(pool)
    // All three are given as text, or undici would read them from the environment by itself.
    return new EnvHttpProxyAgent({
      ...pool,
      proxyTls: SAFE_TLS,
      requestTls: SAFE_TLS,
      httpProxy: uri,
      httpsProxy: uri,
      noProxy: proxy.noProxy ?? '',
    })
  }
  const openFor = {
    'http:': () => open(proxy.httpProxy),
    'https:': () => open(proxy.httpsProxy),
  }
  const pools = { 'http:': openFor['http:'](), 'https:': openFor['https:']() }
  const retired = new Set<Dispatcher>()
  const schemeOf = (url: URL) => (url.protocol === 'https:' ? 'https:' : 'http:')
  return {
    for: (url) => pools[schemeOf(url)],
    renew(url) {
      const old = pools[schemeOf(url)]
      pools[schemeOf(url)] = openFor[schemeOf(url)]()
      retired.add(old)
      const forget = (): boolean => retired.delete(old)
      old.close().then(forget, forget)
    },
    async close() {
      const all = [...Object.values(pools), ...retired]
      await Promise.all(all.map((dispatcher) => dispatcher.destroy()))
    },
  }
}

function isGiven(uri: string | undefined): uri is string {
  return uri !== undefined && uri !== ''
}

interface UsedConnections {
  watch(connect: buildConnector.connector): buildConnector.connector
  isSource(error: unknown): boolean
}

/** Remembers which error came from which socket, to tell a stale connection from a host that is down. */
function createUsedConnections(): UsedConnections {
  const errors = new WeakMap<Error, { readonly bytesRead: number }>()
  return {
    watch(connect: buildConnector.connector): buildConnector.connector {
      return (options, callback) =>
        connect(options, (...result) => {
          const socket = result[1]
          socket?.on('error', (error: Error) => errors.set(error, socket))
          callback(...result)
        })
    },
    isSource(error: unknown): boolean {
      if (!(error instanceof Error) || !hasClosed(error)) return false
      const known = errors.get(error)
      if (known !== undefined) return known.bytesRead > 0
      // undici's SocketError says itself what its socket had read.
      const socket = 'socket' in error ? error.socket : null
      return hasBytesRead(socket) && socket.bytesRead > 0
    },
  }
}

/** An answer that cannot be read is no stale connection: asking again would bring the same one. */
const CLOSED = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'])

function hasClosed(error: Error): boolean {
  return 'code' in error && typeof error.code === 'string' && CLOSED.has(error.code)
}

function hasBytesRead(value: unknown): value is { readonly bytesRead: number } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'bytesRead' in value &&
    typeof value.bytesRead === 'number'
  )
}
