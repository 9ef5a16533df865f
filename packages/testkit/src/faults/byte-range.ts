/** A request's `Range` with one range, as written: HTTP's inclusive form, ends may be missing. */
export interface RequestedRange {
  readonly first?: number
  readonly last?: number
}

/** A half-open range of bytes. */
export interface ByteSpan {
  readonly start: number
  readonly end: number
}

/** `undefined` when there is no range or more than one; RFC 9110 lets a server ignore those. */
export function parseRange(header: string | undefined): RequestedRange | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '')
  if (match === null) return undefined
  const [, first = '', last = ''] = match
  if (first === '' && last === '') return undefined
  return {
    ...(first === '' ? {} : { first: Number(first) }),
    ...(last === '' ? {} : { last: Number(last) }),
  }
}

/** The bytes that the range means in content of this size; `undefined` when there are none (416). */
export function spanOf(range: RequestedRange, sizeBytes: number): ByteSpan | undefined {
  const { first, last } = range
  if (first === undefined) {
    const length = Math.min(last ?? 0, sizeBytes)
    return length === 0 ? undefined : { start: sizeBytes - length, end: sizeBytes }
  }
  if (first >= sizeBytes || (last !== undefined && last < first)) return undefined
  return { start: first, end: Math.min((last ?? sizeBytes) + 1, sizeBytes) }
}
