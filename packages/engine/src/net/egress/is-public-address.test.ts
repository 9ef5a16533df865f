import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isPublicAddress } from './is-public-address.ts'

/** First and last address of each closed block, and its neighbours outside. */
const BLOCKS: readonly (readonly [first: string, last: string])[] = [
  ['0.0.0.0', '0.255.255.255'],
  ['10.0.0.0', '10.255.255.255'],
  ['100.64.0.0', '100.127.255.255'],
  ['127.0.0.0', '127.255.255.255'],
  ['168.63.129.16', '168.63.129.16'],
  ['169.254.0.0', '169.254.255.255'],
  ['172.16.0.0', '172.31.255.255'],
  ['192.0.0.0', '192.0.0.255'],
  ['192.0.2.0', '192.0.2.255'],
  ['192.88.99.0', '192.88.99.255'],
  ['192.168.0.0', '192.168.255.255'],
  ['198.18.0.0', '198.19.255.255'],
  ['198.51.100.0', '198.51.100.255'],
  ['203.0.113.0', '203.0.113.255'],
  ['224.0.0.0', '255.255.255.255'],
]

const numberOf = (v4: string): number =>
  v4.split('.').reduce((bits, part) => bits * 256 + Number(part), 0)
const textOf = (number: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.')

/** An IPv4 address as two groups of IPv6. */
function groupsOf(v4: string): string {
  const number = numberOf(v4)
  return `${Math.floor(number / 65_536).toString(16)}:${(number % 65_536).toString(16)}`
}

/** Every way in which an IPv6 address can carry an IPv4 one to where it leads. */
const WRAPPERS: Readonly<Record<string, (v4: string) => string>> = {
  mapped: (v4) => `::ffff:${v4}`,
  'mapped, in groups': (v4) => `::ffff:${groupsOf(v4)}`,
  'mapped, in full': (v4) => `0000:0000:0000:0000:0000:FFFF:${groupsOf(v4)}`,
  compatible: (v4) => `::${v4}`,
  translated: (v4) => `::ffff:0:${v4}`,
  NAT64: (v4) => `64:ff9b::${v4}`,
  'NAT64, in groups': (v4) => `64:ff9b::${groupsOf(v4)}`,
  'local NAT64': (v4) => `64:ff9b:1::${v4}`,
  '6to4': (v4) => `2002:${groupsOf(v4)}::1`,
  Teredo: (v4) => `2001::${groupsOf(textOf(0xffff_ffff - numberOf(v4)))}`,
  'Teredo server': (v4) => `2001:0:${groupsOf(v4)}:8000::1`,
  ISATAP: (v4) => `2606:4700:0:1:0:5efe:${v4}`,
  'ISATAP, unique': (v4) => `2606:4700:0:1:200:5efe:${v4}`,
  'with a zone': (v4) => `::ffff:${v4}%eth0`,
}

const closedV4 = fc
  .constantFrom(...BLOCKS)
  .chain(([first, last]) => fc.integer({ min: numberOf(first), max: numberOf(last) }))
  .map(textOf)

describe('an IPv4 address', () => {
  it.each(BLOCKS)(
    'from %s to %s is closed, and its neighbours are not part of it',
    (first, last) => {
      expect([first, last].map(isPublicAddress)).toEqual([false, false])
      const outside = [numberOf(first) - 1, numberOf(last) + 1]
        .filter((number) => number >= 0 && number < 2 ** 32)
        .map(textOf)
      const closedByOthers = outside.filter((one) =>
        BLOCKS.some(([a, b]) => numberOf(one) >= numberOf(a) && numberOf(one) <= numberOf(b)),
      )
      for (const one of outside) {
        expect(isPublicAddress(one), one).toBe(!closedByOthers.includes(one))
      }
    },
  )

  for (const [name, wrap] of Object.entries(WRAPPERS)) {
    it(`that is closed stays so inside IPv6 (${name})`, () => {
      fc.assert(fc.property(closedV4, (v4) => !isPublicAddress(wrap(v4))))
    })
  }
})

it.each([
  '::',
  '::1',
  '::1%lo',
  'fe80::1',
  'fe80::1%eth0',
  'febf::1',
  'fec0::1',
  'fc00::1',
  'fd00:ec2::254', // a cloud's metadata
  'fd20:ce::254', // another one's
  'ff02::1',
  'ff0e::1',
  '100::1',
  '2001:db8::1',
  '2001:2::1',
  '2001:10::1',
  '3fff::1',
  '5f00::1',
  '4000::1',
  'e000::1',
  '64:ff9b:1:ffff::1',
  '',
  'localhost',
  '1.2.3',
  '8.8.8.8.8',
  '8.8.8.8 ',
  '0x08.8.8.8',
  '010.8.8.8',
  '2130706433',
  '[2606:4700::1111]',
])('%j is closed', (text) => {
  expect(isPublicAddress(text)).toBe(false)
})

it.each([
  '1.1.1.1',
  '8.8.8.8',
  '9.255.255.255',
  '11.0.0.1',
  '18.164.174.23',
  '100.63.255.255',
  '100.128.0.1',
  '126.255.255.255',
  '128.0.0.1',
  '169.253.255.255',
  '172.15.255.255',
  '172.32.0.1',
  '192.0.1.1',
  '192.167.255.255',
  '198.17.255.255',
  '198.20.0.1',
  '223.255.255.255',
  '::ffff:8.8.8.8',
  '64:ff9b::8.8.8.8', // the only addresses of such hosts in an IPv6-only network
  '2606:4700::6810:84e5',
  '2a00:1450:4001:80b::200e',
  '2001:4860:4860::8888',
  '2600:9000:21ea:a200:17:b174:6d00:93a1',
  '2400:cb00:2048:1::c629:d7a2',
])('%s is public', (text) => {
  expect(isPublicAddress(text)).toBe(true)
})
