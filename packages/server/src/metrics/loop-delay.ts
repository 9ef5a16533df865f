import { monitorEventLoopDelay } from 'node:perf_hooks'

/** How late the event loop was, in seconds, by quantile. */
export type LoopDelay = Readonly<Record<'0.5' | '0.99' | '1', number>>

const RESOLUTION_MS = 10
const NANOSECOND = 1e-9

/** Watches the event loop; `read` tells of the time since it was last called. */
export function watchLoopDelay(): { readonly read: () => LoopDelay; readonly stop: () => void } {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  histogram.enable()
  // The histogram holds whole intervals between two ticks, of which the first part was meant.
  const late = (nanoseconds: number): number =>
    Math.max(0, nanoseconds * NANOSECOND - RESOLUTION_MS / 1000)
  return {
    read() {
      const delay = {
        '0.5': late(histogram.percentile(50)),
        '0.99': late(histogram.percentile(99)),
        '1': late(histogram.max),
      }
      histogram.reset()
      return delay
    },
    stop() {
      histogram.disable()
    },
  }
}
