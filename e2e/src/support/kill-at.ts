import { setTimeout as delay } from 'node:timers/promises'
import type { FakeHub } from '@windlass/testkit'
import { cdnBytes, openTransfers } from './hub-log.ts'
import type { WindlassProcess } from './windlass-process.ts'

/** When to kill; what comes first counts. */
export interface KillPoint {
  readonly afterMs: number
  /** Bytes that the CDN has sent to this run. */
  readonly afterBytes?: number
}

/**
 * Sends SIGKILL at that point and waits until the process is gone.
 * @returns the connections on which the CDN was sending at that moment; null when the
 *   process had ended by itself before
 */
export async function killAt(
  running: WindlassProcess,
  hub: FakeHub,
  { afterMs, afterBytes = Number.POSITIVE_INFINITY }: KillPoint,
): Promise<number | null> {
  const deadline = performance.now() + afterMs
  const bytesBefore = cdnBytes(hub)
  while (performance.now() < deadline && cdnBytes(hub) - bytesBefore < afterBytes) {
    if (!running.isRunning) break
    await delay(2)
  }
  const connections = openTransfers(hub)
  running.kill('SIGKILL')
  const { signal } = await running.ended
  return signal === 'SIGKILL' ? connections : null
}
