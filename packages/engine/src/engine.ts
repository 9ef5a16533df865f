import type {
  CancelReceipt,
  Download,
  DownloadAction,
  DownloadPage,
  DownloadPlan,
  DownloadQuery,
  DownloadRequest,
  LoggedEvent,
  WindlassEvent,
} from '@windlass/contract'
import type { EngineLimits, ReservePolicy } from './downloads/settings.ts'
import type { BandwidthLimits } from './net/bandwidth/bandwidth-limits.ts'
import type { AllowedHost } from './net/egress/allowed-host.ts'
import type { EnginePorts } from './ports.ts'
import type { HubEnvironment } from './sources/huggingface/hub-environment.ts'
import type { CallOptions } from './sources/source.ts'

export interface EngineOptions {
  /** Folder of the database; made when absent. One process owns it. */
  readonly home: string
  readonly limits: EngineLimits
  /** How fast bytes may come; no limit where nothing is said. Changed later through `Engine.limits`. */
  readonly bandwidth?: Partial<BandwidthLimits>
  readonly reserve: ReservePolicy
  readonly hub: HubEnvironment
  /** Told to hosts, `windlass/1.2.3`. */
  readonly userAgent: string
  /** Proxies as the environment names them. */
  readonly proxy: {
    readonly httpProxy?: string
    readonly httpsProxy?: string
    readonly noProxy?: string
  }
  /** Hosts in private address space that refs and redirects may reach; the Hub's endpoint always may be. */
  readonly allowedHosts: readonly AllowedHost[]
  /** false: actions change states, but nothing is fetched. Default true. */
  readonly start?: boolean
  readonly ports: EnginePorts
}

/** What the faces (server, CLI) can do with downloads. Every method that takes an id throws DOWNLOAD_NOT_FOUND. */
export interface Downloads {
  /**
   * Accepts a request. `created` is false when the same job already lives, or is
   * complete with its files still in place.
   * @throws WindlassError REF_INVALID, QUEUE_FULL
   */
  create(
    request: DownloadRequest,
  ): Promise<{ readonly download: Download; readonly created: boolean }>
  /** What a request would fetch. Asks the host, starts nothing. */
  plan(request: DownloadRequest, options: CallOptions): Promise<DownloadPlan>
  find(id: string): Promise<Download>
  list(query: DownloadQuery): Promise<DownloadPage>
  /** Ids in the states where `action` is legal, for bulk actions. */
  idsThatAllow(
    action: 'pause' | 'resume' | 'cancel' | 'retry' | 'forget',
  ): Promise<readonly string[]>
  /**
   * Ids of the downloads that stand for this reference, however it is written and whichever
   * of its files are wanted, in the states where `action` is legal.
   * @throws WindlassError REF_INVALID
   */
  idsOfRef(
    request: Pick<DownloadRequest, 'ref' | 'revision'>,
    action: DownloadAction,
  ): Promise<readonly string[]>
  /** @throws WindlassError INVALID_STATE, as every action */
  pause(id: string): Promise<Download>
  resume(id: string): Promise<Download>
  cancel(id: string): Promise<Download & { readonly receipt: CancelReceipt }>
  retry(id: string): Promise<Download>
  /** Drops a settled download from the list; unfinished bytes of a failed one go too. */
  forget(id: string): Promise<void>
}

/** How fast bytes may come, while everything runs. */
export interface Limits {
  current(): BandwidthLimits
  /**
   * Changes the limits that are named, for what runs and what comes; they hold within a second and
   * until the engine is closed.
   * @throws WindlassError BAD_REQUEST when a rate is no whole number of at least 1000 bytes per second
   */
  setLimits(changes: Partial<BandwidthLimits>): BandwidthLimits
  /**
   * Changes the own limit of one download, in bytes per second, and keeps it; null lifts it.
   * @throws WindlassError DOWNLOAD_NOT_FOUND, BAD_REQUEST
   */
  setDownloadRate(id: string, limitRate: number | null): Promise<void>
}

/** The event log and its live continuation. */
export interface EventLog {
  /** Number of the last event written, 0 at first. */
  lastSeq(): number
  /**
   * Events after `seq`, oldest first, at most `limit`.
   * `null` when the log no longer reaches back that far, or `seq` lies in the future.
   */
  since(seq: number, limit: number): Promise<readonly LoggedEvent[] | null>
  /** Calls `listener` synchronously, in order, until the returned function is called. */
  subscribe(listener: (event: WindlassEvent) => void): () => void
}

/** One Windlass: the downloads of one home. */
export interface Engine {
  readonly downloads: Downloads
  readonly events: EventLog
  readonly limits: Limits
  /** How many downloads run and wait. */
  counts(): Promise<{ readonly active: number; readonly queued: number }>
  /** Stops all work at a safe point, journals written, and lets go of the home. */
  close(): Promise<void>
}
