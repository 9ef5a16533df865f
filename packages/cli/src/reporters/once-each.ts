import type { Clock } from '@windlass/engine'
import type { Reporter } from './reporter.ts'

const WINDOW_MS = 10_000

/** Tells people a notice once where every file of a download meets the same trouble at the same time. */
export function onceEach(reporter: Reporter, clock: Pick<Clock, 'monotonicMs'>): Reporter {
  const toldAt = new Map<string, number>()
  return {
    ...reporter,
    event(event) {
      if (event.type === 'download.noticed') {
        const key = `${event.data.id} ${event.data.code}`
        const now = clock.monotonicMs()
        const isRepeat = now - (toldAt.get(key) ?? Number.NEGATIVE_INFINITY) < WINDOW_MS
        if (isRepeat) return
        toldAt.set(key, now)
      }
      reporter.event(event)
    },
  }
}
