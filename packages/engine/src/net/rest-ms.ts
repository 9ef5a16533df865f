import { parseHttpDate } from './http-date.ts'
import { type Quota, readQuota } from './rate-limit-header.ts'
import { headerOf, type ResponseHead } from './response-head.ts'

const LONGEST_REST_MS = 24 * 3600_000
const SHORTEST_REST_MS = 1000

/**
 * How long a host asks to be left alone, in milliseconds: the longer of `Retry-After`
 * (RFC 9110 §10.2.3, on 429 and 5xx) and the Hub's `RateLimit` (on 429, when its bucket
 * is empty). At least 1 s, at most a day.
 * @param nowMs our own clock, for a date that comes without the host's `Date`
 * @returns null when the host named no time, or one that makes no sense
 */
export function restMs(head: ResponseHead, nowMs: number): number | null {
  const asked = [retryAfterMs(head, nowMs), emptyBucketMs(head)].filter((ms) => ms !== null)
  if (asked.length === 0) return null
  return Math.min(LONGEST_REST_MS, Math.max(SHORTEST_REST_MS, ...asked))
}

function retryAfterMs(head: ResponseHead, nowMs: number): number | null {
  if (head.status !== 429 && head.status < 500) return null
  const value = headerOf(head, 'retry-after')?.trim()
  if (value === undefined) return null
  if (/^\d+$/.test(value)) return Number(value) * 1000
  const date = parseHttpDate(value)
  if (date === null) return null
  const hostNow = parseHttpDate(headerOf(head, 'date') ?? '')
  return Math.max(0, date - (hostNow ?? nowMs))
}

function emptyBucketMs(head: ResponseHead): number | null {
  const quota = head.status === 429 ? readQuota(head) : null
  return quota === null || quota.remaining > 0 ? null : quotaRestMs(quota)
}

/** Until a quota that is used up is filled again, and a second more, as the Hub's own client waits. */
export function quotaRestMs({ resetSeconds }: Quota): number {
  return Math.min(LONGEST_REST_MS, (resetSeconds + 1) * 1000)
}
