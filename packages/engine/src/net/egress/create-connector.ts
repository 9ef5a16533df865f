import type { LookupAddress } from 'node:dns'
import { isIP, type LookupFunction, type Socket } from 'node:net'
import { buildConnector } from 'undici'
import { WindlassError } from '../../errors/windlass-error.ts'
import { blocked } from './egress-policy.ts'
import { lookUpName, type NameLookup } from './look-up-name.ts'
import { SAFE_TLS } from './safe-tls.ts'

export interface ConnectorOptions {
  readonly lookup: NameLookup
  /** Which IP addresses a connection may end at. */
  readonly accepts: (address: string) => boolean
  /** For the look-up of the name, and again for the connection with its handshake. */
  readonly timeoutMs: number
  /** What makes the connections; undici's when absent. */
  readonly build?: (options: buildConnector.BuildOptions) => buildConnector.connector
}

/** From one address of a host to the next that does not answer (RFC 8305 §5). */
const NEXT_ADDRESS_MS = 250

/**
 * Makes connections that end at accepted addresses alone. Every connection looks its name
 * up anew, tries the accepted addresses of both families, and is looked at once more
 * before anything of a request is written; name and certificate stay those of the host.
 * Fails with WindlassError URL_BLOCKED, NET_DNS, or the socket's own error.
 */
export function createConnector(options: ConnectorOptions): buildConnector.connector {
  const { accepts, timeoutMs, build = buildConnector } = options
  /** What the connections that are about to be made may use, by host name. */
  const vetted = new Map<string, readonly LookupAddress[]>()
  const connect = build({
    ...SAFE_TLS,
    allowH2: false,
    timeout: timeoutMs,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS,
    lookup: answerFrom(vetted),
  })
  return (target, callback) => {
    const fail = (error: unknown): void =>
      callback(error instanceof Error ? error : new Error(String(error)), null)
    const open = (addresses: readonly LookupAddress[]): void => {
      vetted.set(target.hostname, addresses)
      connect(target, (error, socket) => {
        if (vetted.get(target.hostname) === addresses) vetted.delete(target.hostname)
        if (error !== null) return callback(error, null)
        const refusal = judgePeer(target, socket, accepts)
        if (refusal === null) return callback(null, socket)
        socket.destroy()
        callback(refusal, null)
      })
    }
    vet(target, options).then(open).catch(fail)
  }
}

/** An IP literal never comes to `lookup`, so it is judged here. */
async function vet(
  target: buildConnector.Options,
  { lookup, accepts, timeoutMs }: ConnectorOptions,
): Promise<readonly LookupAddress[]> {
  const { hostname } = target
  const family = isIP(hostname)
  const found =
    family === 0
      ? await lookUpName(hostname, { lookup, limitMs: timeoutMs })
      : [{ address: hostname, family }]
  const accepted = found.filter(({ address }) => accepts(address))
  if (accepted.length === 0) throw refusalOf(target)
  return accepted
}

function judgePeer(
  target: buildConnector.Options,
  { remoteAddress }: Socket,
  accepts: (address: string) => boolean,
): WindlassError | null {
  // A socket without an address is one that was reset in the meantime.
  if (remoteAddress === undefined)
    return new WindlassError('NET_RESET', { detail: target.hostname })
  return accepts(remoteAddress) ? null : refusalOf(target)
}

function refusalOf({ protocol, host, hostname }: buildConnector.Options): WindlassError {
  return blocked({ protocol, host: host ?? hostname })
}

/** Hands Node the addresses that were vetted a moment ago, instead of a second look-up. */
function answerFrom(vetted: ReadonlyMap<string, readonly LookupAddress[]>): LookupFunction {
  return (hostname, options, callback) => {
    const addresses = [...(vetted.get(hostname) ?? [])]
    const [first] = addresses
    if (first === undefined) {
      callback(new WindlassError('NET_DNS', { detail: hostname }), '')
    } else if (options.all === true) {
      callback(null, addresses)
    } else {
      callback(null, first.address, first.family)
    }
  }
}
