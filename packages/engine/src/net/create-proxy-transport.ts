import { type Dispatcher, EnvHttpProxyAgent } from 'undici'
import { createConnector } from './egress/create-connector.ts'
import type { NameLookup } from './egress/look-up-name.ts'
import { SAFE_TLS } from './egress/safe-tls.ts'
import { sendByUndici } from './send-by-undici.ts'
import { type HttpTimeouts, MAX_HEADER_BYTES, type Transport } from './transport.ts'
import { createUsedConnections, type UsedConnections } from './used-connections.ts'

export interface ProxyTransportOptions {
  readonly proxy: string
  /** Hosts that are reached directly, separated by commas. */
  readonly noProxy: string
  readonly lookup: NameLookup
  /** Where a direct connection may end. */
  readonly accepts: (address: string) => boolean
  readonly timeouts: HttpTimeouts
  readonly connectionsPerOrigin: number | null
}

/** Sends requests through a proxy, with undici. HTTP/1.1 only, since HTTP/2's flow control would cap a transfer. */
export function createProxyTransport(options: ProxyTransportOptions): Transport {
  const used = createUsedConnections()
  let current = openAgent(options, used)
  const retired = new Set<Dispatcher>()
  return {
    async send(request) {
      try {
        return await sendByUndici(current, request)
      } catch (error) {
        request.signal.throwIfAborted()
        if (!used.isSource(error)) throw error
      }
      return sendByUndici(current, request)
    },
    renew() {
      const old = current
      current = openAgent(options, used)
      retired.add(old)
      const forget = (): boolean => retired.delete(old)
      old.close().then(forget, forget)
    },
    async close() {
      await Promise.all([current, ...retired].map((dispatcher) => dispatcher.destroy()))
    },
  }
}

function openAgent(options: ProxyTransportOptions, used: UsedConnections): Dispatcher {
  const { timeouts, lookup, accepts } = options
  // All three are given as text, or undici would read them from the environment by itself.
  return new EnvHttpProxyAgent({
    allowH2: false,
    connectTimeout: timeouts.connectMs,
    headersTimeout: timeouts.headersMs,
    bodyTimeout: timeouts.bodyMs,
    maxHeaderSize: MAX_HEADER_BYTES,
    connections: options.connectionsPerOrigin,
    connect: used.watch(createConnector({ lookup, accepts, timeoutMs: timeouts.connectMs })),
    proxyTls: SAFE_TLS,
    requestTls: SAFE_TLS,
    httpProxy: options.proxy,
    httpsProxy: options.proxy,
    noProxy: options.noProxy,
  })
}
