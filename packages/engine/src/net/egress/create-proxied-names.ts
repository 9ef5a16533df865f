import { isIP } from 'node:net'
import { isWindlassError } from '../../errors/windlass-error.ts'
import type { Clock } from '../../runtime/clock.ts'
import { bareHost, blocked, type EgressPolicy } from './egress-policy.ts'
import { lookUpName, type NameLookup } from './look-up-name.ts'

export interface ProxiedNamesOptions {
  readonly lookup: NameLookup
  readonly policy: Pick<EgressPolicy, 'isPublic'>
  readonly clock: Pick<Clock, 'monotonicMs'>
}

/** Judges hosts that a proxy will look up in our place. */
export interface ProxiedNames {
  /** @throws WindlassError URL_BLOCKED when the name leads, for us, to an address that is not public */
  admit(url: URL): Promise<void>
}

const LOOKUP_MS = 2000
/** Behind a proxy public names often cannot be looked up; each one costs that wait once a minute. */
const REMEMBERED_MS = 60_000
const MOST_REMEMBERED = 1000

/**
 * The proxy picks the address, so one that is not public is enough to refuse. A name that
 * cannot be looked up here is the proxy's to judge: what it means in the proxy's network,
 * or a moment later, is beyond this check.
 */
export function createProxiedNames({ lookup, policy, clock }: ProxiedNamesOptions): ProxiedNames {
  const admittedAt = new Map<string, number>()

  async function isPrivate(hostname: string): Promise<boolean> {
    try {
      const addresses = await lookUpName(hostname, { lookup, limitMs: LOOKUP_MS })
      return addresses.some(({ address }) => !policy.isPublic(address))
    } catch (error) {
      if (isWindlassError(error, 'NET_DNS')) return false
      throw error
    }
  }

  return {
    async admit(url) {
      const hostname = bareHost(url.hostname)
      if (isIP(hostname) !== 0) return
      const before = admittedAt.get(hostname)
      if (before !== undefined && clock.monotonicMs() - before < REMEMBERED_MS) return
      if (await isPrivate(hostname)) throw blocked(url)
      if (admittedAt.size >= MOST_REMEMBERED) admittedAt.clear()
      admittedAt.set(hostname, clock.monotonicMs())
    },
  }
}
