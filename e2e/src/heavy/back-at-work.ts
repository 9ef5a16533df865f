import { readFile } from 'node:fs/promises'
import type { FakeHub } from '@windlass/testkit'
import { until } from '../support/until.ts'
import type { WindlassProcess } from '../support/windlass-process.ts'

/** How long a program took from its start to its first request for bytes. */
export interface BackAtWork {
  readonly wallMs: number
  /**
   * Of that, the time in which it could have gone on and other programs had the processor: what
   * the machine's load adds. Of its main thread, as the kernel counts it.
   */
  readonly deniedMs: number
}

/** Where the log of the CDN stands when a program is started. */
export interface StartMark {
  readonly atMs: number
  readonly logged: number
}

export function markStart(hub: FakeHub): StartMark {
  return { atMs: performance.now(), logged: hub.log.length }
}

/**
 * Waits until the program asks the CDN for bytes.
 * @returns null when it ended before
 */
export async function untilBackAtWork(
  running: WindlassProcess,
  hub: FakeHub,
  mark: StartMark,
): Promise<BackAtWork | null> {
  const found = await until(
    () => hub.log.slice(mark.logged).find(({ role }) => role === 'cdn') ?? !running.isRunning,
    { what: 'it asks the CDN for bytes', timeoutMs: 30_000 },
  )
  if (found === true) return null
  return { wallMs: found.startedAtMs - mark.atMs, deniedMs: await deniedMs(running.pid) }
}

/** The second number of `schedstat`: nanoseconds spent waiting on a run queue. */
async function deniedMs(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/schedstat`, 'utf8')
  return Number(text.split(' ')[1]) / 1e6
}
