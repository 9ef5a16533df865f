import type {
  CancelReceipt,
  CurrentLimits,
  Download,
  DownloadAction,
  DownloadPage,
  DownloadPlan,
  DownloadQuery,
  DownloadRequest,
  DownloadState,
  LimitsChange,
  LoggedEvent,
  MoveTarget,
  WindlassEvent,
} from '@windlass/contract'
import type { EngineLimits, ReservePolicy } from './downloads/settings.ts'
import type { Models } from './models/models.ts'
import type { BandwidthLimits } from './net/bandwidth/bandwidth-limits.ts'
import type { AllowedHost } from './net/egress/allowed-host.ts'
import type { HostTraffic } from './net/traffic.ts'
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
   * complete with its files still in place. A request that was sent within the last 24 hours
   * under the same key is answered with its download as it stands now, and starts nothing.
   * @throws WindlassError REF_INVALID, DESTINATION_UNAVAILABLE, QUEUE_FULL; IDEMPOTENCY_KEY_REUSED for another request
   *   under a key
   */
  create(
    request: DownloadRequest,
    options?: { readonly idempotencyKey?: string },
  ): Promise<{ readonly download: Download; readonly created: boolean }>
  /** What a request would fetch. Asks the host, starts nothing. */
  plan(request: DownloadRequest, options: CallOptions): Promise<DownloadPlan>
  find(id: string): Promise<Download>
  list(query: DownloadQuery): Promise<DownloadPage>
  /** Ids in the states where `action` is legal, for bulk actions. */
  idsThatAllow(action: DownloadAction): Promise<readonly string[]>
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
  /** @throws WindlassError QUEUE_FULL for a paused one; those that go on by themselves have their place */
  resume(id: string): Promise<Download>
  cancel(id: string): Promise<Download & { readonly receipt: CancelReceipt }>
  /** @throws WindlassError QUEUE_FULL */
  retry(id: string): Promise<Download>
  /**
   * Gives it another place in the queue, which it keeps over pauses and restarts.
   * @throws WindlassError DOWNLOAD_NOT_FOUND, INVALID_STATE for the other one of `before` too
   */
  move(id: string, target: MoveTarget): Promise<Download>
  /** Drops a settled download from the list; unfinished bytes of a failed one go too. */
  forget(id: string): Promise<void>
}

/** How much may happen at once and how fast, while everything runs. */
export interface Limits {
  current(): CurrentLimits
  /**
   * Changes the limits that are named, for what runs and what comes. They hold within a second,
   * over restarts too, until they are changed again or reset to what the settings say. What is at
   * work beyond a lower number ends first.
   * @throws WindlassError BAD_REQUEST naming the limit that makes no sense; then nothing is changed
   */
  change(change: LimitsChange): Promise<CurrentLimits>
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

/** `token`: a standing key of the operator's; `session`: what a browser got for one. */
export type AccessKind = 'token' | 'session'

/** One key that opens the API, known by its digest alone. */
export interface AccessKey {
  /** SHA-256 of the secret, in hexadecimal. */
  readonly hash: string
  readonly kind: AccessKind
  /** The key that it was given for, without which it opens nothing; null for a token. */
  readonly grantedBy: string | null
  readonly createdAt: number
  /** Epoch milliseconds; null for never. */
  readonly expiresAt: number | null
}

/** Keeps access keys over a restart, because the engine owns the database; it judges none of them. */
export interface AccessStore {
  find(hash: string): Promise<AccessKey | null>
  /** Oldest first. */
  list(kind: AccessKind): Promise<readonly AccessKey[]>
  put(key: AccessKey): Promise<void>
  /** Those given for them go with them. */
  remove(hashes: readonly string[]): Promise<void>
}

/** The disk that holds one folder of ours. */
export interface DiskStats {
  readonly use: 'cache' | 'home'
  readonly freeBytes: number
  /** Set aside on that disk for what is yet to be written. */
  readonly reservedBytes: number
}

/** Figures of the moment. */
export interface EngineStats {
  /** How many downloads are in each state, by why they stand still; null for those that do not. */
  readonly downloads: readonly {
    readonly state: DownloadState
    readonly code: string | null
    readonly count: number
  }[]
  /** Bytes of files since the start. */
  readonly traffic: readonly HostTraffic[]
  readonly disks: readonly DiskStats[]
}

/** One Windlass: the downloads of one home. */
export interface Engine {
  readonly downloads: Downloads
  readonly events: EventLog
  readonly limits: Limits
  readonly models: Models
  readonly access: AccessStore
  /** How many downloads run and wait. */
  counts(): Promise<{ readonly active: number; readonly queued: number }>
  stats(): Promise<EngineStats>
  /**
   * For what was thrown where nobody caught it, asked from the process's own last handler: when it
   * was thrown on behalf of a download, that one is given up and tried again (WORKER_LOST).
   *
   * @returns false when no download is to blame: then the program does not know what state it is in
   */
  blame(cause: unknown): boolean
  /** Stops all work at a safe point, journals written, and lets go of the home. */
  close(): Promise<void>
}
