import { isIPv4 } from 'node:net'

export type DnsType = 'A' | 'AAAA'

/** What is asked for: one name, one type. */
export interface DnsQuestion {
  readonly id: number
  /** Lower case, without a dot at the end. */
  readonly name: string
  /** Null for a type other than an address. */
  readonly type: DnsType | null
  /** The question as it came, to be repeated in the answer. */
  readonly raw: Buffer
}

const HEADER_BYTES = 12
const TYPE_NUMBERS: Readonly<Record<DnsType, number>> = { A: 1, AAAA: 28 }
/** Response, recursion asked for and available (RFC 1035 §4.1.1). */
const ANSWER_FLAGS = 0x8180
/** A pointer to the name at the first byte behind the header (RFC 1035 §4.1.4). */
const SAME_NAME = 0xc00c

/** Reads the first question of a query; a resolver never sends a compressed or second one. */
export function readQuestion(query: Buffer): DnsQuestion {
  const labels: string[] = []
  let at = HEADER_BYTES
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  const number = query.readUInt16BE(at + 1)
  const type = number === TYPE_NUMBERS.A ? 'A' : number === TYPE_NUMBERS.AAAA ? 'AAAA' : null
  return {
    id: query.readUInt16BE(0),
    name: labels.join('.').toLowerCase(),
    type,
    raw: query.subarray(HEADER_BYTES, at + 5),
  }
}

/** An answer with these addresses, none of which may be kept (TTL 0). */
export function writeAnswer(
  question: DnsQuestion,
  { rcode, addresses }: { readonly rcode: number; readonly addresses: readonly string[] },
): Buffer {
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt16BE(question.id, 0)
  header.writeUInt16BE(ANSWER_FLAGS | rcode, 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(addresses.length, 6)
  return Buffer.concat([header, question.raw, ...addresses.map(record)])
}

function record(address: string): Buffer {
  const data = isIPv4(address) ? v4Bytes(address) : v6Bytes(address)
  const head = Buffer.alloc(12)
  head.writeUInt16BE(SAME_NAME, 0)
  head.writeUInt16BE(TYPE_NUMBERS[isIPv4(address) ? 'A' : 'AAAA'], 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(data.length, 10)
  return Buffer.concat([head, data])
}

function v4Bytes(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number))
}

/** Groups of hexadecimal digits only, with at most one `::`. */
function v6Bytes(address: string): Buffer {
  const [head = '', tail = ''] = address.split('::')
  const before = groupsOf(head)
  const after = groupsOf(tail)
  const zeros = new Array<string>(8 - before.length - after.length).fill('0')
  const hex = [...before, ...zeros, ...after].map((group) => group.padStart(4, '0')).join('')
  return Buffer.from(hex, 'hex')
}

function groupsOf(part: string): string[] {
  return part === '' ? [] : part.split(':')
}
