import { monitorEventLoopDelay } from 'node:perf_hooks'

/**
 * How late the event loop came round to a timer of 1 ms. An idle loop shows 1 to 2 ms.
 */
export interface LoopDelay {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

/** Measures from now until the returned function is called. */
export function measureLoopDelay(): () => LoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: 1 })
  histogram.enable()
  return () => {
    histogram.disable()
    return {
      p50Ms: histogram.percentile(50) / 1e6,
      p99Ms: histogram.percentile(99) / 1e6,
      maxMs: histogram.max / 1e6,
    }
  }
}
