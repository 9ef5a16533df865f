import { createProxyTransport } from './create-proxy-transport.ts'
import { createDirectTransport } from './direct/create-direct-transport.ts'
import type { EgressPolicy } from './egress/egress-policy.ts'
import type { NameLookup } from './egress/look-up-name.ts'
import type { HttpTimeouts, Transport } from './transport.ts'

export interface ProxySettings {
  readonly httpProxy?: string
  readonly httpsProxy?: string
  /** Hosts that are reached directly, separated by commas. */
  readonly noProxy?: string
}

export interface TransportsOptions {
  readonly proxy: ProxySettings
  readonly egress: EgressPolicy
  readonly lookup: NameLookup
  readonly timeouts: HttpTimeouts
  readonly connectionsPerOrigin: number | null
}

/** The ways of one client to its hosts. */
export interface Transports {
  for(url: URL): Transport
  /** True when addresses like `url` go through a proxy, save for the exceptions. */
  hasProxy(url: URL): boolean
  close(): Promise<void>
}

type Scheme = 'http:' | 'https:'

/**
 * Opens the ways. An https address never goes through the proxy that was named for http
 * alone. Hosts that the operator named and all others have connections of their own, so that
 * none which was made for the one kind is ever used for the other.
 */
export function openTransports(options: TransportsOptions): Transports {
  const { proxy, egress } = options
  const exempt = openPair(options, () => true)
  const guarded = openPair(options, egress.isPublic)
  const schemeOf = (url: URL): Scheme => (url.protocol === 'https:' ? 'https:' : 'http:')
  return {
    for: (url) => (egress.isExempt(url) ? exempt : guarded)[schemeOf(url)],
    hasProxy: (url) => proxyOf(proxy, schemeOf(url)) !== '',
    async close() {
      const all = [...Object.values(exempt), ...Object.values(guarded)]
      await Promise.all(all.map((transport) => transport.close()))
    },
  }
}

/** For http and https, with direct connections that end at accepted addresses alone. */
function openPair(
  options: TransportsOptions,
  accepts: (address: string) => boolean,
): Readonly<Record<Scheme, Transport>> {
  const { lookup, timeouts, connectionsPerOrigin } = options
  const open = (scheme: Scheme): Transport => {
    const common = { lookup, accepts, timeouts, connectionsPerOrigin }
    const proxy = proxyOf(options.proxy, scheme)
    if (proxy === '') return createDirectTransport(common)
    return createProxyTransport({ ...common, proxy, noProxy: options.proxy.noProxy ?? '' })
  }
  return { 'http:': open('http:'), 'https:': open('https:') }
}

/** Empty for none. */
function proxyOf({ httpProxy = '', httpsProxy = '' }: ProxySettings, scheme: Scheme): string {
  return scheme === 'https:' ? httpsProxy : httpProxy
}
