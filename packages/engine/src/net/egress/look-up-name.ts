import { type LookupAddress, promises } from 'node:dns'
import { isSystemError } from '../../disk/system-error.ts'
import { WindlassError } from '../../errors/windlass-error.ts'

/** All addresses of a host name, best first; rejects or is empty when there are none. */
export type NameLookup = (hostname: string) => Promise<readonly LookupAddress[]>

/** Says nothing about the name: this process has no descriptor to ask with. `EBUSY` is glibc's word for it. */
const NO_DESCRIPTOR = ['EBUSY', 'EMFILE', 'ENFILE']

/** Asks the system, which reads its hosts file and name servers. */
export const lookUpBySystem: NameLookup = (hostname) => promises.lookup(hostname, { all: true })

/**
 * All addresses of a host name, at least one.
 * @throws WindlassError NET_DNS when there are none, or no answer came in time; the system's own
 *   error when it had no descriptor to ask with
 */
export async function lookUpName(
  hostname: string,
  { lookup, limitMs }: { readonly lookup: NameLookup; readonly limitMs: number },
): Promise<readonly LookupAddress[]> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(failed(hostname, 'no answer in time')), limitMs)
  try {
    const addresses = await Promise.race([lookup(hostname), late])
    if (addresses.length === 0) throw failed(hostname, 'no address')
    return addresses
  } catch (error) {
    if (error instanceof WindlassError || isSystemError(error, ...NO_DESCRIPTOR)) throw error
    throw failed(hostname, codeOf(error), error)
  } finally {
    clearTimeout(timer)
  }
}

function failed(hostname: string, why: string, cause?: unknown): WindlassError {
  return new WindlassError('NET_DNS', {
    detail: `${hostname} (${why})`,
    cause,
    facts: { host: hostname, resolver: why },
  })
}

/** What the resolver calls its failure, such as `ENOTFOUND`. */
function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : null
  return typeof code === 'string' ? code : 'failed'
}
