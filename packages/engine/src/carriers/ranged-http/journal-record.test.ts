import fc from 'fast-check'
import { expect, it } from 'vitest'
import { addRange, type ByteRanges } from './byte-ranges.ts'
import {
  decodeSlot,
  encodeSlot,
  type JournalRecord,
  MAX_RANGES,
  SLOT_BYTES,
} from './journal-record.ts'

const position = fc.nat(Number.MAX_SAFE_INTEGER)
const record: fc.Arbitrary<JournalRecord> = fc.record({
  identity: fc.string({
    minLength: 64,
    maxLength: 64,
    unit: fc.constantFrom(...'0123456789abcdef'),
  }),
  sizeBytes: fc.option(position),
  bootId: fc.option(fc.uuid()),
  ranges: fc
    .array(fc.tuple(position, position), { maxLength: MAX_RANGES })
    .map((pairs) =>
      pairs
        .map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) }))
        .reduce<ByteRanges>(addRange, []),
    ),
})
const sequence = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })

it('reads back what it wrote', () => {
  fc.assert(
    fc.property(sequence, record, (number, written) => {
      expect(decodeSlot(encodeSlot(number, written))).toEqual({ sequence: number, record: written })
    }),
  )
})

it('never reads a record out of a torn slot', () => {
  fc.assert(
    fc.property(record, record, fc.integer({ min: 0, max: SLOT_BYTES }), (older, newer, cut) => {
      const torn = encodeSlot(1, older)
      encodeSlot(2, newer).copy(torn, 0, 0, cut)
      const read = decodeSlot(torn)
      if (read !== null) expect([older, newer]).toContainEqual(read.record)
    }),
  )
})

it('notices any single changed bit', () => {
  const slot = encodeSlot(7, { identity: 'a', sizeBytes: 9, bootId: null, ranges: [] })
  const used = 20 + slot.readUInt32LE(8)
  for (let bit = 0; bit < used * 8; bit++) {
    const damaged = Buffer.from(slot)
    damaged.writeUInt8(damaged.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
    expect(decodeSlot(damaged), `bit ${bit}`).toBeNull()
  }
})

it('forgets the shortest ranges when there are too many', () => {
  const ranges = Array.from({ length: MAX_RANGES + 1 }, (_, i) => ({
    start: i * 100,
    end: i * 100 + (i === 3 ? 1 : 50),
  }))
  const read = decodeSlot(encodeSlot(1, { identity: 'a', sizeBytes: null, bootId: null, ranges }))
  expect(read?.record.ranges).toEqual(ranges.filter((_, i) => i !== 3))
})
