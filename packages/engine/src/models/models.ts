import type {
  ActiveModels,
  ModelCancelled,
  ModelDeleted,
  ModelDeletion,
  ModelEntry,
  ModelList,
  ModelReady,
  ModelSpace,
  ModelTask,
  PruneReport,
  PruneRequest,
  VerifyProgress,
  VerifyReport,
  VerifyRequest,
} from '@windlass/contract'
import type { CallOptions } from '../sources/source.ts'

/** A repository and what of it, as a request names them. */
export interface ModelQuery {
  readonly hf_repo: string
  readonly hf_commit?: string | null | undefined
}

/**
 * The models in the Hub's cache, whoever put them there. Every method that takes a query throws
 * REF_INVALID, every one that takes a task DOWNLOAD_NOT_FOUND.
 */
export interface Models {
  /** Everything in the cache and everything on its way there. Asks no host. */
  list(): Promise<ModelList>
  /** One revision. Asks the Hub for the listing where the cache has none. */
  status(query: ModelQuery, options: CallOptions): Promise<ModelEntry>
  /**
   * Starts a download of the whole revision, unless it is there.
   * @throws WindlassError ALREADY_DOWNLOADING, QUEUE_FULL
   */
  download(query: ModelQuery, options: CallOptions): Promise<ModelTask | ModelReady>
  /** @throws WindlassError INVALID_STATE, as every action on a task */
  pause(taskId: string): Promise<void>
  resume(taskId: string): Promise<void>
  /** Removes what was not finished. */
  cancel(taskId: string): Promise<ModelCancelled>
  /** The task when it is one of the Hub's. */
  requireTask(taskId: string): Promise<void>
  /** Running, queued, waiting, blocked and paused downloads from the Hub, newest first. */
  active(): Promise<ActiveModels>
  /**
   * Removes a revision, or without one the repository, and no byte that another revision,
   * repository or download needs. Downloads of it are cancelled first. With `dry_run` only says
   * what would go.
   * @throws WindlassError MODEL_NOT_FOUND
   */
  remove(request: ModelDeletion): Promise<ModelDeleted>
  space(): Promise<ModelSpace>
  /** Removes what nothing needs any more; with `dry_run` only says what that would be. */
  prune(request: PruneRequest): Promise<PruneReport>
  /**
   * Hashes every file of a revision that is there. With `repair` what is damaged is set aside,
   * fetched again by a download of its own, and checked once more.
   * @throws WindlassError MODEL_NOT_FOUND, and with `repair` what stopped the download
   */
  verify(
    request: VerifyRequest,
    options: CallOptions & { readonly onProgress?: (progress: VerifyProgress) => void },
  ): Promise<VerifyReport>
}
