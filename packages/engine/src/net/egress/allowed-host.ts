/** A host in private address space that refs and redirects may reach. */
export interface AllowedHost {
  /** As the URL standard writes it: lower case, IPv6 in brackets. */
  readonly hostname: string
  /** `default`: 80 for http and 443 for https. */
  readonly port: number | 'default' | 'any'
}

/**
 * Reads `host`, `host:port` or `host:*`. A host is a name or an IP address; IPv6 stands
 * in brackets.
 * @returns null when the text is none of them
 */
export function parseAllowedHost(text: string): AllowedHost | null {
  const match = /^(\[[^\]]*\]|[^:[\]]+)(?::(\*|\d{1,5}))?$/.exec(text.trim())
  const [, host = '', port] = match ?? []
  if (match === null || /[\s/?#@\\*]/.test(host)) return null
  const hostname = URL.parse(`http://${host}/`)?.hostname
  if (hostname === undefined || hostname === '') return null
  if (port === undefined) return { hostname, port: 'default' }
  if (port === '*') return { hostname, port: 'any' }
  const number = Number(port)
  return number >= 1 && number <= 65_535 ? { hostname, port: number } : null
}

/** True when the entry is about the host and port of `url`. */
export function isAllowedBy({ hostname, port }: AllowedHost, url: URL): boolean {
  if (url.hostname !== hostname) return false
  if (port === 'any') return true
  return port === 'default' ? url.port === '' : portOf(url) === port
}

/** The port of an http(s) address, said or not. */
export function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port)
  return url.protocol === 'https:' ? 443 : 80
}
