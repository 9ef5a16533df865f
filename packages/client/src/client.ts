import type {
  BulkMove,
  BulkResult,
  BulkSelection,
  CancelledDownload,
  CurrentLimits,
  Download,
  DownloadPage,
  DownloadPlan,
  DownloadProgress,
  DownloadQuery,
  DownloadRequest,
  DownloadResult,
  DownloadSummary,
  Health,
  LimitsChange,
  MoveTarget,
  WindlassEvent,
} from '@windlass/contract'
import type { ConnectionChange, EventsOptions } from './follow-events.ts'
import type { ModelsClient } from './models-client.ts'
import type { Fetch } from './transport.ts'

export interface ClientOptions {
  /** Address of the server, for example `http://127.0.0.1:9465`. */
  readonly baseUrl: string
  readonly token: string
  /** The global `fetch` when absent; another one may know another way (a Unix socket, a proxy). */
  readonly fetch?: Fetch
  /** Uniform in [0, 1), for the pauses between reconnects. */
  readonly random?: () => number
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>
  readonly now?: () => number
}

export interface CallOptions {
  readonly signal?: AbortSignal
}

export interface StartOptions extends CallOptions {
  /** Sent again with the same request, it makes sure that the request is carried out once. */
  readonly idempotencyKey?: string
}

/** What can be asked of one download by id, or of many at once. */
export type BulkAction = 'pause' | 'resume' | 'cancel' | 'retry' | 'forget'

/** Where a followed download stands, and what brought it there. */
export interface DownloadUpdate {
  readonly download: Download
  /** Null when the whole download was read anew: at first, after a reconnect, after a `resync`. */
  readonly event: WindlassEvent | null
}

export interface FollowOptions {
  /** Ends the iteration, without an error. */
  readonly signal?: AbortSignal
  /** Told at each connect and each loss of the connection. */
  readonly onConnection?: (change: ConnectionChange) => void
}

export interface DownloadOptions {
  /** Called at each change, at most about twice a second while bytes arrive. What it throws ends the call. */
  readonly onProgress?: (progress: DownloadProgress, download: Download) => void
  readonly onConnection?: (change: ConnectionChange) => void
  /** Ends the wait; see `onAbort`. */
  readonly signal?: AbortSignal
  /**
   * What becomes of the download when the signal aborts: `pause` keeps every byte (also for
   * others who wait for it), `cancel` removes what it brought, `leave` lets it go on in the
   * server. `pause` when absent.
   */
  readonly onAbort?: 'pause' | 'cancel' | 'leave'
}

/**
 * A Windlass server. Every method throws ApiError: with the code of the server's
 * problem document, SERVER_UNREACHABLE when no answer came, HTTP_PROTOCOL when the
 * answer is not one of Windlass. When its signal aborts it throws the signal's reason.
 */
export interface Client {
  /** `created` is false when the same job already lives, or is complete with its files in place. */
  start(
    request: DownloadRequest,
    options?: StartOptions,
  ): Promise<{ readonly download: Download; readonly created: boolean }>
  /**
   * Starts a download, or goes on with the one that is there, and waits for its result.
   * @throws ApiError with the code of its reason when it does not become complete
   */
  download(request: string | DownloadRequest, options?: DownloadOptions): Promise<DownloadResult>
  /** The download now and at each change, over lost connections too, until it is over; see FollowOptions. */
  follow(id: string, options?: FollowOptions): AsyncIterable<DownloadUpdate>
  /** What a request would fetch; starts nothing. */
  plan(request: DownloadRequest, options?: CallOptions): Promise<DownloadPlan>
  list(query?: Partial<DownloadQuery>, options?: CallOptions): Promise<DownloadPage>
  /** All downloads that match, page after page. */
  listAll(query?: Partial<DownloadQuery>, options?: CallOptions): AsyncIterable<DownloadSummary>
  find(id: string, options?: CallOptions): Promise<Download>
  pause(id: string, options?: CallOptions): Promise<Download>
  resume(id: string, options?: CallOptions): Promise<Download>
  /** The answer holds the receipt of what was removed. */
  cancel(id: string, options?: CallOptions): Promise<CancelledDownload>
  retry(id: string, options?: CallOptions): Promise<Download>
  /** Another place in the queue, or another priority. */
  move(id: string, target: MoveTarget, options?: CallOptions): Promise<Download>
  /** Drops a settled download from the list. */
  forget(id: string, options?: CallOptions): Promise<void>
  /** One action on many downloads; none fails because another does. */
  bulk(action: BulkAction, selection: BulkSelection, options?: CallOptions): Promise<BulkResult>
  /** Several downloads side by side to another place, in the order of their ids. */
  moveMany(move: BulkMove, options?: CallOptions): Promise<BulkResult>
  /** Events until the signal aborts, over lost connections too; see EventsOptions. */
  events(options: EventsOptions): AsyncIterable<WindlassEvent>
  /** Everything that is limited, what holds at this moment, and why. */
  limits(options?: CallOptions): Promise<CurrentLimits>
  /** At once and over restarts; what is not named stays. */
  changeLimits(change: LimitsChange, options?: CallOptions): Promise<CurrentLimits>
  health(options?: CallOptions): Promise<Health>
  /** What is in the Hub's cache there. */
  readonly models: ModelsClient
}
