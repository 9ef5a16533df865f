/** A half-open range of bytes, `[start, end)`. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** Ranges in order, none empty, none touching another: one list for one set of bytes. */
export type ByteRanges = readonly ByteRange[]

/** The set with `added` in it. Bytes that are in it already do not count twice. */
export function addRange(ranges: ByteRanges, added: ByteRange): ByteRanges {
  if (added.end <= added.start) return ranges
  let { start, end } = added
  const before: ByteRange[] = []
  const after: ByteRange[] = []
  for (const range of ranges) {
    if (range.end < start) before.push(range)
    else if (range.start > end) after.push(range)
    else {
      start = Math.min(start, range.start)
      end = Math.max(end, range.end)
    }
  }
  return [...before, { start, end }, ...after]
}

export function unionRanges(left: ByteRanges, right: ByteRanges): ByteRanges {
  return right.reduce(addRange, left)
}

/** What of the set lies below `end`. */
export function clipRanges(ranges: ByteRanges, end: number): ByteRanges {
  return ranges
    .filter((range) => range.start < end)
    .map((range) => (range.end <= end ? range : { start: range.start, end }))
}

export function countBytes(ranges: ByteRanges): number {
  return ranges.reduce((sum, range) => sum + range.end - range.start, 0)
}

/** How many bytes are there from the very first one on, without a hole. */
export function contiguousBytes(ranges: ByteRanges): number {
  const first = ranges[0]
  return first?.start === 0 ? first.end : 0
}

/** What of `[0, end)` is not in the set. */
export function missingRanges(ranges: ByteRanges, end: number): ByteRanges {
  const missing: ByteRange[] = []
  let start = 0
  for (const range of clipRanges(ranges, end)) {
    if (range.start > start) missing.push({ start, end: range.start })
    start = range.end
  }
  return start < end ? [...missing, { start, end }] : missing
}

/** At most `count` of the ranges, the longest ones: forgetting a range is safe, it is fetched again. */
export function longestRanges(ranges: ByteRanges, count: number): ByteRanges {
  if (ranges.length <= count) return ranges
  const kept = new Set(
    ranges.toSorted((a, b) => b.end - b.start - (a.end - a.start)).slice(0, count),
  )
  return ranges.filter((range) => kept.has(range))
}
