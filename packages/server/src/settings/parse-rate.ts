import { LOWEST_RATE } from '@windlass/contract'

const FACTORS: Readonly<Record<string, number>> = {
  '': 1,
  K: 1e3,
  M: 1e6,
  G: 1e9,
  KI: 1024,
  MI: 1024 ** 2,
  GI: 1024 ** 3,
}

/** What a rate looks like, for messages. */
export const RATE_WORDS = `bytes per second such as 20M or 500K, at least ${LOWEST_RATE}`

/**
 * Bytes per second from `5000000`, `500K`, `20M`, `20MB/s` or `1.5G`: powers of 1000, as lines are sold
 * and as speeds are shown; `20MiB` is one of 1024. Null when it is none of these, or too low to be meant.
 */
export function parseRate(text: string): number | null {
  const match = /^(\d{1,15}(?:\.\d{1,6})?)\s*([KMG]i?)?(?:B)?(?:\/s)?$/i.exec(text.trim())
  if (match === null) return null
  const factor = FACTORS[(match[2] ?? '').toUpperCase()] ?? 1
  const rate = Math.round(Number(match[1]) * factor)
  return Number.isSafeInteger(rate) && rate >= LOWEST_RATE ? rate : null
}
