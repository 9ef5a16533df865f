import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  addRange,
  type ByteRanges,
  clipRanges,
  contiguousBytes,
  countBytes,
  longestRanges,
  missingRanges,
} from './byte-ranges.ts'

const SIZE = 40
const range = fc
  .tuple(fc.nat(SIZE), fc.nat(SIZE))
  .map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) }))

function membersOf(ranges: ByteRanges): number[] {
  return Array.from({ length: SIZE }, (_, byte) => byte).filter((byte) =>
    ranges.some(({ start, end }) => start <= byte && byte < end),
  )
}

it('holds exactly the bytes that were added, in order and merged', () => {
  fc.assert(
    fc.property(fc.array(range), (added) => {
      const ranges = added.reduce(addRange, [])
      expect(membersOf(ranges)).toEqual(membersOf(added))
      expect(countBytes(ranges)).toBe(membersOf(added).length)
      for (const [index, { start, end }] of ranges.entries()) {
        expect(start).toBeLessThan(end)
        expect(start).toBeGreaterThan(ranges[index - 1]?.end ?? -1)
      }
    }),
  )
})

it('misses exactly the bytes that are not there', () => {
  fc.assert(
    fc.property(fc.array(range), (added) => {
      const ranges = added.reduce<ByteRanges>(addRange, [])
      const missing = missingRanges(ranges, SIZE)
      const there = membersOf(ranges).filter((byte) => byte < SIZE)
      const all = [...there, ...membersOf(missing)].sort((a, b) => a - b)
      expect(all).toEqual(membersOf([{ start: 0, end: SIZE }]))
      expect(contiguousBytes(missing.reduce(addRange, ranges))).toBeGreaterThanOrEqual(SIZE)
    }),
  )
})

it('never gains a byte by being clipped or shortened', () => {
  fc.assert(
    fc.property(fc.array(range), fc.nat(SIZE), fc.nat(5), (added, end, count) => {
      const ranges = added.reduce<ByteRanges>(addRange, [])
      const clipped = clipRanges(ranges, end)
      expect(membersOf(clipped)).toEqual(membersOf(ranges).filter((byte) => byte < end))
      const shortened = longestRanges(ranges, count)
      expect(shortened.length).toBe(Math.min(count, ranges.length))
      expect(membersOf(ranges)).toEqual(expect.arrayContaining(membersOf(shortened)))
    }),
  )
})
