import fc from 'fast-check'
import { expect, it } from 'vitest'
import { addressBits } from './address-bits.ts'

it.each([
  ['::', 0n],
  ['::1', 1n],
  ['1::', 1n << 112n],
  ['::ffff:1.2.3.4', 0xffff_0102_0304n],
  ['1.2.3.4', 0xffff_0102_0304n],
  ['255.255.255.255', 0xffff_ffff_ffffn],
  ['1:2:3:4:5:6:7:8', 0x0001_0002_0003_0004_0005_0006_0007_0008n],
  ['1:2:3:4:5:6:1.2.3.4', 0x0001_0002_0003_0004_0005_0006_0102_0304n],
  ['FE80::A%eth0', (0xfe80n << 112n) | 10n],
])('%s is read', (text, bits) => {
  expect(addressBits(text)).toBe(bits)
})

it.each([
  '',
  '1',
  '1.2.3',
  '1.2.3.4.5',
  '256.1.1.1',
  '01.2.3.4',
  '1:2',
  ':::',
  '1::2::3',
  'g::',
  '[::1]',
  'host',
])('%j is no address', (text) => {
  expect(addressBits(text)).toBeNull()
})

it('reads every spelling of one address as the same number', () => {
  const groups = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), {
    minLength: 8,
    maxLength: 8,
  })
  fc.assert(
    fc.property(groups, (values) => {
      const bits = values.reduce((all, value) => (all << 16n) | BigInt(value), 0n)
      const plain = values.map((value) => value.toString(16)).join(':')
      const full = values
        .map((value) => value.toString(16).padStart(4, '0').toUpperCase())
        .join(':')
      // The URL standard writes the longest run of zeros as `::`.
      const short = new URL(`http://[${plain}]/`).hostname.slice(1, -1)
      const [high = 0, low = 0] = values.slice(6)
      const dotted = [high >> 8, high & 255, low >> 8, low & 255].join('.')
      const mixed = `${plain.split(':').slice(0, 6).join(':')}:${dotted}`
      for (const text of [plain, full, short, mixed]) expect(addressBits(text), text).toBe(bits)
    }),
  )
})
