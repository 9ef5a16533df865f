import { isIPv6 } from 'node:net'

/** What a connection came in by. On a Unix socket there is neither address nor port. */
export interface Arrival {
  readonly remoteAddress?: string | undefined
  readonly localAddress?: string | undefined
  readonly localPort?: number | undefined
}

const noted = new WeakMap<object, Arrival>()

/** Call it when a connection opens: a closed one tells no address, and would pass for a Unix socket. */
export function noteArrival(socket: Arrival): void {
  const { remoteAddress, localAddress, localPort } = socket
  noted.set(socket, { remoteAddress, localAddress, localPort })
}

/** What the connection came in by when it opened. */
export function arrivalOf(socket: Arrival): Arrival {
  return noted.get(socket) ?? socket
}

/** Whether the connection came by the Unix socket, which only the user who runs this server can open. */
export function isUnixSocket(socket: Arrival): boolean {
  return arrivalOf(socket).localPort === undefined
}

/**
 * Who counts as one client for limits: the address at the other end, and never what a header says
 * of it. Null on the Unix socket, where nobody is to be limited.
 */
export function clientOf(socket: Arrival): string | null {
  if (isUnixSocket(socket)) return null
  const { remoteAddress } = arrivalOf(socket)
  return remoteAddress === undefined ? 'unknown' : networkOf(remoteAddress)
}

/**
 * Whoever has one IPv6 address has all of its network, the first 64 bits. Node writes addresses in
 * one way, with IPv4 ones behind `::ffff:`.
 */
function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '').replace(/%.*$/, '')
  if (!isIPv6(plain)) return plain
  const [left = '', right] = plain.split('::')
  const [front, back] = [left, right ?? ''].map((part) => part.split(':').filter(Boolean))
  const gap = right === undefined ? 0 : 8 - (front?.length ?? 0) - (back?.length ?? 0)
  const groups = [...(front ?? []), ...Array<string>(gap).fill('0'), ...(back ?? [])]
  return `${groups.slice(0, 4).join(':')}::`
}
