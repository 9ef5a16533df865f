import { addressBits } from './address-bits.ts'

interface Block {
  readonly prefix: bigint
  /** How many of the 128 bits lie behind the prefix. */
  readonly hostBits: bigint
}

/** IANA's special-purpose registry for IPv4, and addresses that clouds keep for themselves. */
const CLOSED_V4 = [
  '0.0.0.0/8', // this network, unspecified
  '10.0.0.0/8', // private
  '100.64.0.0/10', // carrier-grade NAT, and one cloud's metadata (100.100.100.200)
  '127.0.0.0/8', // loopback
  '168.63.129.16/32', // a cloud's metadata and wire server, although public by number
  '169.254.0.0/16', // link-local, and most clouds' metadata
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocol assignments, and one cloud's metadata (192.0.0.192)
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // relays of 6to4, withdrawn
  '192.168.0.0/16', // private
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, broadcast
].map(block)

/** All that IANA gave out for the public internet; everything beside it is closed. */
const GLOBAL_UNICAST = block('2000::/3')

/** What is special inside the global unicast space. */
const CLOSED_V6 = [
  '2001::/23', // protocol assignments; Teredo (2001::/32) is among them
  '2001:db8::/32', // documentation
  '3fff::/20', // documentation
].map(block)

const MAPPED = block('::ffff:0:0/96')
/** What a translator for IPv6-only networks answers for a host that has IPv4 alone (RFC 6052). */
const NAT64 = block('64:ff9b::/96')
const SIX_TO_FOUR = block('2002::/16')

const LOW_32 = 0xffff_ffffn
/** The lower half of an ISATAP address begins so, bar the bit for "unique" (RFC 5214 §6.1). */
const ISATAP_MARK = 0x0000_5efen
const ISATAP_MASK = 0xfdff_ffffn

/**
 * True when the address belongs to the public internet. Private, loopback, link-local,
 * metadata, multicast, reserved and documentation addresses do not, and neither does an
 * IPv6 address that carries one of them inside; nor text that is no address.
 */
export function isPublicAddress(text: string): boolean {
  const bits = addressBits(text)
  return bits !== null && isPublic(bits)
}

function isPublic(bits: bigint): boolean {
  if (isIn(MAPPED, bits) || isIn(NAT64, bits)) return isPublicV4(bits & LOW_32)
  if (!isIn(GLOBAL_UNICAST, bits) || CLOSED_V6.some((closed) => isIn(closed, bits))) return false
  return carriedV4(bits).every(isPublicV4)
}

function isPublicV4(v4: bigint): boolean {
  const bits = MAPPED.prefix | v4
  return !CLOSED_V4.some((closed) => isIn(closed, bits))
}

/** IPv4 addresses to which a tunnel would unwrap the packet. */
function carriedV4(bits: bigint): bigint[] {
  const carried: bigint[] = []
  if (isIn(SIX_TO_FOUR, bits)) carried.push((bits >> 80n) & LOW_32)
  if (((bits >> 32n) & ISATAP_MASK) === ISATAP_MARK) carried.push(bits & LOW_32)
  return carried
}

function isIn({ prefix, hostBits }: Block, bits: bigint): boolean {
  return bits >> hostBits === prefix >> hostBits
}

function block(cidr: string): Block {
  const [address = '', length = ''] = cidr.split('/')
  const prefix = addressBits(address)
  if (prefix === null) throw new TypeError(`${cidr} is no block of addresses`)
  const width = address.includes(':') ? 128n : 32n
  return { prefix, hostBits: width - BigInt(length) }
}
