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
  let denied = 0
  const found = await until(
    async () => {
      const request = hub.log.slice(mark.logged).find(({ role }) => role === 'cdn')
      if (request !== undefined || !running.isRunning) return request ?? true
      // Read before the request is seen, so that nothing that came later is taken off.
      denied = (await deniedMs(running.pid)) ?? denied
      return false
    },
    { what: 'it asks the CDN for bytes', timeoutMs: 30_000 },
  )
  return found === true ? null : { wallMs: found.startedAtMs - mark.atMs, deniedMs: denied }
}

/**
 * Nanoseconds spent waiting on a run queue: the second number of `schedstat`. Null of a process
 * that has just ended.
 */
async function deniedMs(pid: number): Promise<number | null> {
  const text = await readFile(`/proc/${pid}/schedstat`, 'utf8').catch(() => null)
  return text === null ? null : Number(text.split(' ')[1]) / 1e6
}
