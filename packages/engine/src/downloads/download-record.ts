import type { CancelReceipt, DownloadFile, DownloadReason, DownloadState } from '@windlass/contract'
import type { RemoteFile, SourceRef } from '../sources/source.ts'
import type { Placement } from '../stores/placement.ts'

/** Which files of a resolution are wanted: Python's `fnmatch` patterns. */
export interface Selection {
  readonly include: readonly string[] | null
  readonly exclude: readonly string[] | null
}

/** What a download resolved to, after selection. Kept, so that a resume stays with the same revision. */
export interface StoredResolution {
  readonly title: string
  readonly revision: string | null
  readonly files: readonly RemoteFile[]
  readonly placement: Placement
}

/** Bytes and files when the download last stopped. */
export interface ProgressSnapshot {
  readonly receivedBytes: number
  readonly totalBytes: number | null
  readonly filesDone: number
  readonly filesTotal: number | null
}

/** One job as the database holds it. */
export interface DownloadRecord {
  readonly id: string
  readonly ref: SourceRef
  /** As the person typed it. */
  readonly refText: string
  readonly selection: Selection
  /** Equal for requests that mean the same job. */
  readonly jobKey: string
  readonly title: string
  readonly state: DownloadState
  readonly reason: DownloadReason | null
  readonly priority: number
  /** Connections at most, of its own; null for what the settings say. */
  readonly connections: number | null
  /** Bytes per second at most, of its own; null for none. */
  readonly limitRate: number | null
  /** Number of its arrival. */
  readonly position: number
  /** Its own among all downloads: of those with the same priority the lower one starts first. */
  readonly rank: number
  /** Was at work when the program ended; goes on before anything else starts. */
  readonly interrupted: boolean
  /** Grows with each start; a report with an older number comes from a runner that lost its claim. */
  readonly fence: number
  /** Starts in a row that neither ended nor brought a byte: the program died with them. */
  readonly lostStarts: number
  /** Failures in a row without a byte of progress. */
  readonly attempts: number
  readonly revision: string | null
  readonly destination: string | null
  readonly result: {
    readonly path: string
    readonly sizeBytes: number
    readonly verified: boolean
    readonly computedSha256?: Readonly<Record<string, string>>
  } | null
  readonly receipt: CancelReceipt | null
  /** Cancelled, and its bytes are not all removed yet. */
  readonly cleanupPending: boolean
  readonly progress: ProgressSnapshot
  readonly retryAt: number | null
  readonly createdAt: number
  readonly startedAt: number | null
  readonly finishedAt: number | null
  /** Time spent running, over all starts. */
  readonly elapsedMs: number
}

/** What a change may set beside the state. */
export type DownloadPatch = Partial<
  Pick<
    DownloadRecord,
    | 'title'
    | 'priority'
    | 'rank'
    | 'connections'
    | 'limitRate'
    | 'lostStarts'
    | 'reason'
    | 'interrupted'
    | 'fence'
    | 'attempts'
    | 'revision'
    | 'destination'
    | 'result'
    | 'receipt'
    | 'cleanupPending'
    | 'progress'
    | 'retryAt'
    | 'startedAt'
    | 'finishedAt'
    | 'elapsedMs'
  >
>

/** The files of a stopped download, as last seen. */
export type FileSnapshot = readonly Pick<
  DownloadFile,
  'path' | 'receivedBytes' | 'state' | 'present'
>[]
