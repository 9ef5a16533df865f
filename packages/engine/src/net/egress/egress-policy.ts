import { isIP } from 'node:net'
import { WindlassError } from '../../errors/windlass-error.ts'
import { type AllowedHost, isAllowedBy, portOf } from './allowed-host.ts'
import { isBadPort } from './is-bad-port.ts'
import { isPrivateName } from './is-private-name.ts'
import { isPublicAddress } from './is-public-address.ts'

/** Where a client may go beside the public internet. */
export interface EgressRules {
  /** Origins (scheme, host and port) of endpoints that the operator configured. */
  readonly trustedOrigins: readonly string[]
  readonly allowedHosts: readonly AllowedHost[]
}

/** Decides which addresses may be asked for, and where a connection may end. */
export interface EgressPolicy {
  /** True where private addresses are fine, since the operator named the host. */
  isExempt(url: URL): boolean
  /**
   * Judges what the address itself says: scheme, port, IP literals and private names.
   * @throws WindlassError URL_BLOCKED
   */
  admit(url: URL): void
  /** True for an IP address on the public internet. */
  isPublic(address: string): boolean
}

/**
 * @param isPublic which addresses are public; tests, which have loopback alone, take one of
 *   its addresses for public
 */
export function createEgressPolicy(
  { trustedOrigins, allowedHosts }: EgressRules,
  isPublic: (address: string) => boolean = isPublicAddress,
): EgressPolicy {
  const trusted = new Set(trustedOrigins)
  const isTrusted = (url: URL): boolean => trusted.has(url.origin)
  const entriesFor = (url: URL): AllowedHost[] =>
    allowedHosts.filter((entry) => isAllowedBy(entry, url))
  return {
    isExempt: (url) => isTrusted(url) || entriesFor(url).length > 0,
    admit(url) {
      if (!/^https?:$/.test(url.protocol) || url.hostname === '') throw blocked(url)
      if (isTrusted(url)) return
      const entries = entriesFor(url)
      const isPortNamed = entries.some(({ port }) => typeof port === 'number')
      if (isBadPort(portOf(url)) && !isPortNamed) throw blocked(url)
      if (entries.length > 0) return
      const host = bareHost(url.hostname)
      if (isIP(host) === 0 ? isPrivateName(host) : !isPublic(host)) throw blocked(url)
    },
    isPublic,
  }
}

/** A host name as sockets want it: IPv6 without brackets. */
export function bareHost(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1')
}

/**
 * The one refusal, in the same words whatever is behind the address, so that nobody can
 * find out by it what a private network holds.
 */
export function blocked({ protocol, host }: Pick<URL, 'protocol' | 'host'>): WindlassError {
  return new WindlassError('URL_BLOCKED', { detail: `${protocol}//${host}`, facts: { host } })
}
