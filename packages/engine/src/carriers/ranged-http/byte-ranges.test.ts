import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  addRange,
  type ByteRanges,
  clipRanges,
  contiguousBytes,
  countBytes,
  firstHole,
  longestRanges,
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

it('reaches every missing byte by filling the first hole again and again', () => {
  fc.assert(
    fc.property(fc.array(range), (added) => {
      let ranges = clipRanges(added.reduce<ByteRanges>(addRange, []), SIZE)
      const before = membersOf(ranges)
      const filled: number[] = []
      for (let hole = firstHole(ranges, SIZE); hole !== null; hole = firstHole(ranges, SIZE)) {
        const next = { start: hole.start, end: hole.end ?? SIZE }
        filled.push(...membersOf([next]))
        ranges = addRange(ranges, next)
      }
      expect(contiguousBytes(ranges)).toBe(SIZE)
      expect([...before, ...filled].sort((a, b) => a - b)).toEqual(membersOf(ranges))
    }),
  )
})

it('keeps a hole open at its end while nobody knows the size', () => {
  expect(firstHole([{ start: 0, end: 5 }], null)).toEqual({ start: 5, end: null })
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
