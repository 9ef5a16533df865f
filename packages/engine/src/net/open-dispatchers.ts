import { Agent, buildConnector, type Dispatcher, EnvHttpProxyAgent } from 'undici'

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
  close(): Promise<void>
}

const MAX_HEADER_BYTES = 64 * 1024

/**
 * Opens the pools. HTTP/1.1 only, since HTTP/2's flow control would cap a transfer.
 * An https address never goes through the proxy that was named for http alone.
 */
export function openDispatchers(options: DispatcherOptions): Dispatchers {
  const used = createUsedConnections()
  const { proxy, timeouts } = options
  const pool = {
    allowH2: false,
    connectTimeout: timeouts.connectMs,
    headersTimeout: timeouts.headersMs,
    bodyTimeout: timeouts.bodyMs,
    maxHeaderSize: MAX_HEADER_BYTES,
    connections: options.connectionsPerOrigin,
  }
  const connect = used.watch(buildConnector({ allowH2: false, timeout: timeouts.connectMs }))
  const open = (uri: string | undefined): Dispatcher => {
    if (uri === undefined || uri === '') return new Agent({ ...pool, connect })
    // All three are given as text, or undici would read them from the environment by itself.
    return new EnvHttpProxyAgent({
      ...pool,
      connect,
      httpProxy: uri,
      httpsProxy: uri,
      noProxy: proxy.noProxy ?? '',
    })
  }
  const http = open(proxy.httpProxy)
  const https = open(proxy.httpsProxy)
  const dispatcherOf = (url: URL): Dispatcher => (url.protocol === 'https:' ? https : http)
  return {
    for: dispatcherOf,
    hasProxy: (url) => !(dispatcherOf(url) instanceof Agent),
    isFromUsedConnection: used.isSource,
    async close() {
      await Promise.all([http.destroy(), https.destroy()])
    },
  }
}

/** Remembers which error came from which socket, to tell a stale connection from a host that is down. */
function createUsedConnections() {
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
      if (!(error instanceof Error)) return false
      const known = errors.get(error)
      if (known !== undefined) return known.bytesRead > 0
      // undici's SocketError says itself what its socket had read.
      const socket = 'socket' in error ? error.socket : null
      return hasBytesRead(socket) && socket.bytesRead > 0
    },
  }
}

function hasBytesRead(value: unknown): value is { readonly bytesRead: number } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'bytesRead' in value &&
    typeof value.bytesRead === 'number'
  )
}
