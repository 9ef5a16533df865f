import type { LoggedRequest } from '@windlass/testkit'
import { bytesFetchedAgain } from '../support/hub-log.ts'

/** A life of the program as the CDN saw it. */
export interface Life {
  /** Entries of the CDN's log at its end. */
  readonly transfers: number
  readonly unreadBytes: number
}

/** What the end of one life has cost. */
export interface KillCost {
  /** Connections whose bytes were in part fetched once more. */
  readonly connections: number
  /** Bytes that the program had read, and that came once more. */
  readonly bytes: number
}

/** For each life that lost something, what it lost. `transfers` is the whole log of the CDN. */
export function costOfKills(
  transfers: readonly LoggedRequest[],
  lives: readonly Life[],
): readonly KillCost[] {
  const again = bytesFetchedAgain(transfers)
  let first = 0
  return lives.flatMap(({ transfers: end, unreadBytes }) => {
    const lost = transfers
      .slice(first, end)
      .map(({ connection }, at) => ({ connection, bytes: again[first + at] ?? 0 }))
      .filter(({ bytes }) => bytes > 0)
    first = end
    const connections = new Set(lost.map(({ connection }) => connection)).size
    const bytes = lost.reduce((sum, one) => sum + one.bytes, 0) - unreadBytes
    return bytes > 0 ? [{ connections, bytes }] : []
  })
}
