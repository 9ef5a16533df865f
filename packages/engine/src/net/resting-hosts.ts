import { WindlassError } from '../errors/windlass-error.ts'
import type { Clock } from '../runtime/clock.ts'
import { rateBucketNamed, rateBucketOf } from './rate-bucket.ts'
import { readQuota } from './rate-limit-header.ts'
import type { ResponseHead } from './response-head.ts'
import { quotaRestMs, restMs } from './rest-ms.ts'

/** The origins that asked to be left alone, until they may be asked again. */
export interface RestingHosts {
  /** @returns when the origin of `head` may be asked again, epoch milliseconds; null when it named no time */
  note(head: ResponseHead): number | null
  /**
   * Looks at any answer, welcome or not: when it says that a quota of the Hub is used up, the
   * requests that count in it rest until it is filled again, so that no refusal is ever needed.
   */
  watch(head: ResponseHead): void
  /** @throws WindlassError HTTP_RATE_LIMITED with `retryAt` while the origin of `url` rests */
  refuse(url: URL): void
  /** A person wants it now. Each rest can be cut short once; what the host then says stands. */
  cutShort(): void
}

interface Rest {
  /** Monotonic milliseconds. */
  readonly end: number
  /** A person cut this rest short, or the one before it that would still go on. */
  readonly wasCut: boolean
}

/** Counts on the monotonic clock: a change of the wall clock neither ends nor lengthens a rest. */
export function createRestingHosts(clock: Pick<Clock, 'now' | 'monotonicMs'>): RestingHosts {
  /** By origin, or by origin and bucket. */
  const rests = new Map<string, Rest>()
  /** When the rests that were cut short would have ended. */
  const cuts = new Map<string, number>()

  function remainingMs(key: string): number {
    const remaining = (rests.get(key)?.end ?? 0) - clock.monotonicMs()
    if (remaining <= 0) rests.delete(key)
    return Math.max(0, remaining)
  }

  function begin(key: string, askedMs: number): number {
    for (const known of [...rests.keys()]) remainingMs(known)
    const now = clock.monotonicMs()
    for (const [known, end] of cuts) if (end <= now) cuts.delete(known)
    const rest = Math.max(askedMs, remainingMs(key))
    rests.set(key, { end: now + rest, wasCut: cuts.has(key) })
    return rest
  }

  return {
    note(head) {
      const asked = restMs(head, clock.now())
      if (asked === null) return null
      return Math.ceil(clock.now() + begin(head.url.origin, asked))
    },
    watch(head) {
      const quota = readQuota(head)
      if (quota === null || quota.remaining > 0) return
      const bucket = rateBucketNamed(quota.name)
      if (bucket !== null) begin(`${head.url.origin} ${bucket}`, quotaRestMs(quota))
    },
    refuse(url) {
      if (rests.size === 0) return
      const whole = remainingMs(url.origin)
      const bucket = rateBucketOf(url)
      const remaining = Math.max(whole, remainingMs(`${url.origin} ${bucket}`))
      if (remaining === 0) return
      const why = whole > 0 ? 'is left alone for now' : `has no more ${bucket} requests for us`
      throw new WindlassError('HTTP_RATE_LIMITED', {
        detail: `${url.host} ${why}`,
        retryAt: Math.ceil(clock.now() + remaining),
        facts: { host: url.host },
      })
    },
    cutShort() {
      for (const [key, { end, wasCut }] of [...rests]) {
        if (wasCut) continue
        rests.delete(key)
        cuts.set(key, end)
      }
    },
  }
}
