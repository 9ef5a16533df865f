import { isIPv4, isIPv6 } from 'node:net'

/** Where IPv4 lies among the addresses of IPv6 (`::ffff:0:0/96`, RFC 4291 §2.5.5.2). */
const MAPPED = 0xffff_0000_0000n

/**
 * An IP address of either family as one number of 128 bits; IPv4 as `::ffff:a.b.c.d`.
 * A zone (`%eth0`) is ignored.
 * @returns null when the text is no address
 */
export function addressBits(text: string): bigint | null {
  const address = text.replace(/%.*$/s, '')
  if (isIPv4(address)) return MAPPED | v4Bits(address)
  return isIPv6(address) ? v6Bits(address) : null
}

function v4Bits(address: string): bigint {
  return address.split('.').reduce((bits, part) => (bits << 8n) | BigInt(part), 0n)
}

function v6Bits(address: string): bigint {
  const [head = '', tail] = address.split('::')
  const before = groups(head)
  const after = groups(tail ?? '')
  const zeros = new Array<bigint>(8 - before.length - after.length).fill(0n)
  return [...before, ...zeros, ...after].reduce((bits, group) => (bits << 16n) | group, 0n)
}

/** The groups of 16 bits between colons; an IPv4 address at the end makes two. */
function groups(part: string): bigint[] {
  if (part === '') return []
  return part.split(':').flatMap((group) => {
    if (!group.includes('.')) return [BigInt(`0x${group}`)]
    const bits = v4Bits(group)
    return [bits >> 16n, bits & 0xffffn]
  })
}
