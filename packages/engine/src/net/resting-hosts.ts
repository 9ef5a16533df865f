import { WindlassError } from '../errors/windlass-error.ts'
import type { Clock } from '../runtime/clock.ts'
import type { ResponseHead } from './response-head.ts'
import { restMs } from './rest-ms.ts'

/** The origins that asked to be left alone, until they may be asked again. */
export interface RestingHosts {
  /** @returns when the origin of `head` may be asked again, epoch milliseconds; null when it named no time */
  note(head: ResponseHead): number | null
  /** @throws WindlassError HTTP_RATE_LIMITED with `retryAt` while the origin of `url` rests */
  refuse(url: URL): void
}

/** Counts on the monotonic clock: a change of the wall clock neither ends nor lengthens a rest. */
export function createRestingHosts(clock: Pick<Clock, 'now' | 'monotonicMs'>): RestingHosts {
  const ends = new Map<string, number>()

  function remainingMs(origin: string): number {
    const remaining = (ends.get(origin) ?? 0) - clock.monotonicMs()
    if (remaining <= 0) ends.delete(origin)
    return Math.max(0, remaining)
  }

  return {
    note(head) {
      const asked = restMs(head, clock.now())
      if (asked === null) return null
      for (const origin of [...ends.keys()]) remainingMs(origin)
      const { origin } = head.url
      const rest = Math.max(asked, remainingMs(origin))
      ends.set(origin, clock.monotonicMs() + rest)
      return Math.ceil(clock.now() + rest)
    },
    refuse(url) {
      const remaining = remainingMs(url.origin)
      if (remaining === 0) return
      throw new WindlassError('HTTP_RATE_LIMITED', {
        detail: `${url.host} is left alone for now`,
        retryAt: Math.ceil(clock.now() + remaining),
        facts: { host: url.host },
      })
    },
  }
}
