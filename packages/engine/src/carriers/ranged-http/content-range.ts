/** What a `Content-Range` header says, with a half-open range. */
export interface ContentRange {
  /** Null in the form of a 416: a size without a range. */
  readonly range: { readonly start: number; readonly end: number } | null
  /** Null when the host does not tell (`*`). */
  readonly total: number | null
}

const FORM = /^bytes (?:(\d{1,16})-(\d{1,16})|\*)\/(?:(\d{1,16})|\*)$/i

/** Reads the header (RFC 9110 §14.4); null when it makes no sense. */
export function parseContentRange(text: string): ContentRange | null {
  const match = FORM.exec(text.trim())
  if (match === null) return null
  const [, first, last, size] = match
  const total = size === undefined ? null : Number(size)
  if (first === undefined || last === undefined) return { range: null, total }
  const range = { start: Number(first), end: Number(last) + 1 }
  if (range.end <= range.start || (total !== null && range.end > total)) return null
  return { range, total }
}

/** The value of a `Range` header; an `end` of null asks for everything from `start` on. */
export function formatRange(start: number, end: number | null): string {
  return `bytes=${start}-${end === null ? '' : end - 1}`
}
