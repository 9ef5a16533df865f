import type { Client } from '@windlass/client'
import type { Download } from '@windlass/contract'

/** A way to the one API of a home, whoever serves it. */
export interface Connection {
  readonly client: Client
  /**
   * `owner`: this process serves the home, and what runs stops when it leaves;
   * `guest`: another process does; `remote`: a server named by WINDLASS_SERVER.
   */
  readonly role: 'owner' | 'guest' | 'remote'
  /** Where the API answers, for people. */
  readonly address: string
  close(): Promise<void>
  /**
   * Pauses these downloads, as the last thing before it closes. An owner does so when nobody
   * can reach it any more: to those who wait for the same downloads it has gone, and they take over.
   */
  closePausing(ids: readonly string[]): Promise<readonly Download[]>
}

/** How commands come to a connection. */
export interface Connector {
  /** Whoever serves the home at this moment, or null. */
  toOwner(): Promise<Connection | null>
  /**
   * Whoever serves the home, or this process itself. With `startDownloads` false,
   * this process only reads and changes states and fetches nothing.
   * @throws WindlassError LOCK_HELD when a process holds the home and does not answer,
   *   and what opening a home throws
   */
  toOwnerOrSelf(options: {
    readonly startDownloads: boolean
    readonly signal: AbortSignal
    /** How long to wait for a process that holds the home without answering; 15 s when absent. */
    readonly patienceMs?: number
  }): Promise<Connection>
}
