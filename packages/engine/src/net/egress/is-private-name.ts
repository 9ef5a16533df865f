/**
 * Domains that are never on the public internet (RFC 6761, RFC 6762, RFC 8375, ICANN's
 * `internal`), and those that routers and offices use in the same way.
 */
const PRIVATE_DOMAINS = [
  'localhost',
  'local',
  'internal',
  'intranet',
  'private',
  'corp',
  'home',
  'home.arpa',
  'lan',
  'localdomain',
  'test',
  'invalid',
]

/**
 * True for a name that only a private network can know: one without a dot, or below one
 * of the private domains. Decided without a look-up, so that the answer does not tell
 * whether such a host exists.
 */
export function isPrivateName(hostname: string): boolean {
  const name = hostname.toLowerCase().replace(/\.$/, '')
  if (!name.includes('.')) return true
  return PRIVATE_DOMAINS.some((domain) => name === domain || name.endsWith(`.${domain}`))
}
