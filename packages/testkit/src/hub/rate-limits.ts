import type { Reply } from '../faults/reply.ts'
import { hubError } from './hub-error.ts'

/** The Hub counts requests in three buckets, each over a fixed window. */
export type RateBucket = 'api' | 'resolvers' | 'pages'

export interface RateLimitOptions {
  readonly api?: number
  readonly resolvers?: number
  readonly pages?: number
  /** Length of the window; the Hub's is 300. */
  readonly windowSeconds?: number
}

export interface RateLimits {
  /** Counts one request; the answer is a refusal when the bucket is empty. */
  take(bucket: RateBucket): Reply | undefined
  /** The headers that every answer carries. */
  headers(bucket: RateBucket): Record<string, string>
}

/** High enough that no test runs into it by accident. */
const UNLIMITED = 1_000_000

export function createRateLimits(options: RateLimitOptions, now: () => number): RateLimits {
  const windowMs = (options.windowSeconds ?? 300) * 1000
  const used: Record<RateBucket, number> = { api: 0, resolvers: 0, pages: 0 }
  let windowEnd = now() + windowMs
  const roll = (): void => {
    if (now() < windowEnd) return
    windowEnd = now() + windowMs
    used.api = used.resolvers = used.pages = 0
  }
  const quota = (bucket: RateBucket): number => options[bucket] ?? UNLIMITED
  return {
    take(bucket) {
      roll()
      if (used[bucket] >= quota(bucket)) return hubError(429, 'Too Many Requests')
      used[bucket]++
      return undefined
    },
    headers(bucket) {
      roll()
      const left = Math.max(0, quota(bucket) - used[bucket])
      const seconds = Math.ceil((windowEnd - now()) / 1000)
      const policy = `"fixed window";"${bucket}";q=${quota(bucket)};w=${windowMs / 1000}`
      return { RateLimit: `"${bucket}";r=${left};t=${seconds}`, 'RateLimit-Policy': policy }
    },
  }
}
