import { z } from 'zod'

const KIBI = 1024
const SIZE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  K: KIBI,
  M: KIBI ** 2,
  G: KIBI ** 3,
  T: KIBI ** 4,
}
const SECOND_MS = 1000
const TIME_UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: SECOND_MS,
  m: 60 * SECOND_MS,
  h: 3600 * SECOND_MS,
  d: 86_400 * SECOND_MS,
}

/** Bytes from `1048576`, `512K`, `20M`, `2G` or `2GiB`: units are powers of 1024. Null when it is none of these. */
export function parseSize(text: string): number | null {
  const match = /^(\d{1,15}(?:\.\d{1,6})?)\s*([KMGT]?)(?:i?B)?$/i.exec(text.trim())
  if (match === null) return null
  const bytes = Math.round(Number(match[1]) * (SIZE_UNITS[(match[2] ?? '').toUpperCase()] ?? 1))
  return Number.isSafeInteger(bytes) ? bytes : null
}

/** Milliseconds from `90s`, `30m`, `24h`, `7d` or `500ms`. Null when it is none of these. */
export function parseDuration(text: string): number | null {
  const match = /^(\d{1,9}(?:\.\d{1,6})?)\s*(ms|s|m|h|d)$/i.exec(text.trim())
  if (match === null) return null
  const unit = TIME_UNITS[(match[2] ?? '').toLowerCase()]
  return unit === undefined ? null : Math.round(Number(match[1]) * unit)
}

/** A share from `10%`, between 0 and 1. Null when it is no percentage. */
export function parseShare(text: string): number | null {
  const match = /^(\d{1,3}(?:\.\d{1,6})?)\s*%$/.exec(text.trim())
  if (match === null) return null
  const share = Number(match[1]) / 100
  return share <= 1 ? share : null
}

/** A schema out of one of the parsers above: `expected` says what would have been right. */
export function quantity<T>(parse: (text: string) => T | null, expected: string): z.ZodType<T> {
  return z.union([z.string(), z.number()], { error: expected }).transform((input, context): T => {
    const value = parse(String(input))
    if (value !== null) return value
    context.addIssue({ code: 'custom', message: expected })
    return z.NEVER
  })
}
