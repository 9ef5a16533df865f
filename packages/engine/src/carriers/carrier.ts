import type { Throttle } from '../net/bandwidth/throttle.ts'
import type { ByteOrigin, CallOptions, Notice, RemoteFile } from '../sources/source.ts'
import type { StagedFile } from '../stores/store.ts'

/** A connection that a transfer opened beside its first one. */
export interface BorrowedConnection {
  /** Aborts when a file that has none needs it: close it at once, and give it back. */
  readonly recalled: AbortSignal
  giveBack(): void
}

/** The connections of a download that none of its files needs at the moment. */
export interface SpareConnections {
  /** One more connection, null when all are in use. */
  borrow(): BorrowedConnection | null
}

/** One attempt to bring the missing bytes of one file into staging. */
export interface TransferRequest {
  readonly file: RemoteFile
  /**
   * What a partial file must belong to before it is continued: canonical source,
   * revision, path, size and digest in one text (rule R9).
   */
  readonly identity: string
  readonly staged: StagedFile
  readonly locate: (options: CallOptions) => Promise<ByteOrigin>
  /** Ask caches on the way for fresh bytes: the last ones were damaged. */
  readonly bypassCaches: boolean
  /** Paces every body; as fast as it comes when absent. */
  readonly throttle?: Throttle
  /** What it may use beside its own one connection; nothing when absent. */
  readonly spare?: SpareConnections
  /** Bytes of this file that are on disk now, whether received now or earlier. */
  readonly onProgress: (receivedBytes: number) => void
  /** Bytes readable from the start of the part file without a hole. Never falls, except to 0 on a restart. */
  readonly onFrontier: (contiguousBytes: number) => void
  readonly onNotice: (notice: Notice) => void
}

/**
 * HOW bytes travel into staging. Knows no host by name, chooses no final name,
 * publishes nothing and does not retry: an attempt that fails keeps what it brought.
 */
export interface Carrier {
  readonly id: string

  /**
   * Returns when every byte is in the part file, with its size. What is there
   * already is continued, never fetched again, unless it belongs to something else.
   * When stopped it rejects with the signal's reason, after the journal is written.
   */
  transfer(request: TransferRequest, options: CallOptions): Promise<{ readonly sizeBytes: number }>

  /** Throws away the unfinished bytes, so that the next attempt starts at 0. */
  discard(staged: StagedFile): Promise<void>
}
