import type { WindlassError } from '../errors/windlass-error.ts'
import type { StopIntent } from '../runtime/stop-request.ts'
import type { Notice, SourceRef } from '../sources/source.ts'
import type { Selection, StoredResolution } from './download-record.ts'
import type { RunProgress } from './run-progress.ts'

/**
 * All that a runner needs to carry out one download: it never reads the database,
 * so it could work in another process.
 */
export interface RunClaim {
  readonly id: string
  /** Sent back with every report, so that a runner that lost its claim is told apart. */
  readonly fence: number
  readonly ref: SourceRef
  readonly selection: Selection
  /** What an earlier start resolved; null to ask the host. */
  readonly resolution: StoredResolution | null
  /** Whether an earlier start got as far as the store. */
  readonly begun: boolean
  /** Failures in a row without progress, of earlier starts. */
  readonly attempts: number
  /** Attempts without progress that end the download. */
  readonly retries: number
  readonly connections: number
  /** Connections of this download's own, which a change of the limit does not exceed; null for none. */
  readonly ownConnections: number | null
  /** Bytes per second of this download's own; null for none. */
  readonly limitRate: number | null
  /** Running time that is left, in milliseconds. */
  readonly timeLeftMs: number
}

/** What a runner learns on the way, and must know to be durable before it goes on. */
export type RunReport =
  | { readonly type: 'resolved'; readonly resolution: StoredResolution }
  | { readonly type: 'started'; readonly progress: RunProgress; readonly destination: string }
  | { readonly type: 'received' }
  | { readonly type: 'refetching' }

/** What a runner learns on the way, and does not wait for. */
export type RunNews =
  | {
      readonly type: 'file-completed'
      readonly path: string
      readonly sizeBytes: number
      readonly present: boolean
    }
  | { readonly type: 'noticed'; readonly notice: Notice }

/** Where a runner reports to. */
export interface RunListener {
  /** The change of state that follows is durable when this resolves. */
  report(report: RunReport): Promise<void>
  tell(news: RunNews): void
}

export type RunOutcome =
  | {
      readonly kind: 'completed'
      readonly result: {
        readonly path: string
        readonly sizeBytes: number
        readonly verified: boolean
        readonly computedSha256?: Readonly<Record<string, string>>
      }
    }
  | { readonly kind: 'stopped'; readonly intent: StopIntent }
  | {
      readonly kind: 'failed'
      readonly error: WindlassError
      /** Failures in a row without progress, this one included. */
      readonly attempts: number
    }
