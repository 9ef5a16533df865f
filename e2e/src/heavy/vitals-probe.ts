import { appendFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { isMainThread } from 'node:worker_threads'

/**
 * Loaded into a program beside what it does (`--import`): writes every few seconds, one JSON
 * object per line, what only the process itself can know. See `Vitals` for the reader.
 */
const file = process.env['WINDLASS_TEST_VITALS']
const RESOLUTION_MS = 5
const EVERY_MS = 5_000

if (isMainThread && file !== undefined) {
  setFlagsFromString('--expose-gc')
  const collectGarbage: () => void = runInNewContext('gc')
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delays.enable()
  const sample = (): void => {
    const beyond = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS)
    const delay = { p99: beyond(delays.percentile(99)), most: beyond(delays.max) }
    // What is still in use is the question; the rest would come and go with the collector.
    collectGarbage()
    const { heapUsed, external } = process.memoryUsage()
    delays.reset()
    const line = {
      pid: process.pid,
      atMs: performance.now(),
      delayP99Ms: delay.p99,
      delayMostMs: delay.most,
      liveBytes: heapUsed + external,
    }
    appendFileSync(file, `${JSON.stringify(line)}\n`)
  }
  setInterval(sample, EVERY_MS).unref()
}
