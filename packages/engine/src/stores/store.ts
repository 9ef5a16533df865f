import type { CancelReceipt } from '@windlass/contract'
import type { RemoteFile } from '../sources/source.ts'
import type { Placement } from './placement.ts'

/** Files of a download that share their bytes: fetched once, published under each path. */
export interface TransferUnit {
  /** Unique in the download; the digest where one is known. */
  readonly key: string
  /** Stands for all files of the unit: they agree in size and digest. */
  readonly file: RemoteFile
  readonly paths: readonly string[]
}

/** The place of one unit's unfinished bytes, on the store's own file system. */
export interface StagedFile {
  readonly partPath: string
  readonly journalPath: string
}

export type Claim =
  /** The bytes are in place already, from an earlier download or another process. */
  | { readonly kind: 'present' }
  /** Ours to fetch; nobody who honours the locks fetches it too until `release`. */
  | { readonly kind: 'staged'; readonly staged: StagedFile; readonly release: () => void }

export interface CallOptions {
  readonly signal: AbortSignal
}

/**
 * WHERE finished bytes live. Publication = durable rename, then links; never opens a
 * socket. Failures of the file system pass through as Node's own errors.
 */
export interface Store {
  readonly id: Placement['store']

  /** The folder a person is told: it exists once the download is complete. */
  destination(placement: Placement): string

  /** An existing folder on the file system where the bytes will be. */
  volume(placement: Placement): Promise<string>

  /** Keys of the units whose bytes are in place, complete. Changes nothing. */
  survey(placement: Placement, units: readonly TransferUnit[]): Promise<ReadonlySet<string>>

  /** True when every path is in place, complete, and readers of the store will find it. Changes nothing. */
  isComplete(placement: Placement, units: readonly TransferUnit[]): Promise<boolean>

  /**
   * Makes the staging folder of a download, or takes up the one it left. `begun` tells that
   * it was opened before: then the store's root is never made anew.
   * @throws WindlassError VOLUME_GONE when the root of a begun download is absent or empty
   */
  open(
    placement: Placement,
    downloadId: string,
    options?: { readonly begun: boolean },
  ): Promise<StoreSession>

  /** Bytes of unfinished files that a download left in staging. */
  stagedBytes(placement: Placement, downloadId: string): Promise<number>

  /**
   * Removes every byte that the download brought and nobody else uses, and nothing
   * else. May be called again after a crash; counts what this call removed.
   */
  cleanUp(placement: Placement, downloadId: string): Promise<CancelReceipt>

  /**
   * Removes staging folders of this home that no download owns; what another home made is
   * never touched. Returns what was removed.
   */
  sweep(isOwned: (downloadId: string) => Promise<boolean>): Promise<CancelReceipt>
}

/** One download's work in a store. */
export interface StoreSession {
  /**
   * Waits until the unit is ours or present.
   * `onWait` is called once when another process holds it.
   */
  claim(unit: TransferUnit, options: CallOptions & { readonly onWait: () => void }): Promise<Claim>

  /** Makes a present unit visible under its paths, without a byte. */
  adopt(unit: TransferUnit): Promise<void>

  /** Makes verified bytes durable and visible: fsync, rename, fsync of the folder, links. */
  publish(unit: TransferUnit, staged: StagedFile): Promise<void>

  /**
   * Makes the whole findable (listing, then ref last) and removes the staging folder.
   * @returns the folder to open
   */
  finish(): Promise<string>
}
