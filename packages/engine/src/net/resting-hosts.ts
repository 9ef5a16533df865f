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
  return new Rests(clock)
}

class Rests implements RestingHosts {
  readonly #clock: Pick<Clock, 'now' | 'monotonicMs'>
  /** By origin, or by origin and bucket. */
  readonly #rests = new Map<string, Rest>()
  /** When the rests that were cut short would have ended. */
  readonly #cuts = new Map<string, number>()

  constructor(clock: Pick<Clock, 'now' | 'monotonicMs'>) {
    this.#clock = clock
  }

  note(head: ResponseHead): number | null {
    const asked = restMs(head, this.#clock.now())
    if (asked === null) return null
    return Math.ceil(this.#clock.now() + this.#begin(head.url.origin, asked))
  }

  watch(head: ResponseHead): void {
    const quota = readQuota(head)
    if (quota === null || quota.remaining > 0) return
    const bucket = rateBucketNamed(quota.name)
    if (bucket !== null) this.#begin(`${head.url.origin} ${bucket}`, quotaRestMs(quota))
  }

  refuse(url: URL): void {
    if (this.#rests.size === 0) return
    const whole = this.#remainingMs(url.origin)
    const bucket = rateBucketOf(url)
    const remaining = Math.max(whole, this.#remainingMs(`${url.origin} ${bucket}`))
    if (remaining === 0) return
    const why = whole > 0 ? 'is left alone for now' : `has no more ${bucket} requests for us`
    throw new WindlassError('HTTP_RATE_LIMITED', {
      detail: `${url.host} ${why}`,
      retryAt: Math.ceil(this.#clock.now() + remaining),
      facts: { host: url.host },
    })
  }

  cutShort(): void {
    for (const [key, { end, wasCut }] of [...this.#rests]) {
      if (wasCut) continue
      this.#rests.delete(key)
      this.#cuts.set(key, end)
    }
  }

  /** @returns how long it lasts from now, at least as long as one that goes on already */
  #begin(key: string, askedMs: number): number {
    this.#forgetPast()
    const rest = Math.max(askedMs, this.#remainingMs(key))
    const wasCut = this.#cuts.has(key)
    this.#rests.set(key, { end: this.#clock.monotonicMs() + rest, wasCut })
    return rest
  }

  #remainingMs(key: string): number {
    const remaining = (this.#rests.get(key)?.end ?? 0) - this.#clock.monotonicMs()
    if (remaining <= 0) this.#rests.delete(key)
    return Math.max(0, remaining)
  }

  #forgetPast(): void {
    for (const key of [...this.#rests.keys()]) this.#remainingMs(key)
    const now = this.#clock.monotonicMs()
    for (const [key, end] of this.#cuts) if (end <= now) this.#cuts.delete(key)
  }
}
