import type {
  CancelReceipt,
  DownloadPlan,
  DownloadProgress,
  DownloadRequest,
  DownloadResult,
  DownloadSummary,
} from '@windlass/contract'
import type { EngineLimits } from '../downloads/settings.ts'
import type { Engine, EngineOptions } from '../engine.ts'
import type { Logger } from '../ports.ts'

/** Everything may be absent. */
export interface CreateEngineOptions
  extends Partial<Omit<EngineOptions, 'limits' | 'ports' | 'start'>> {
  /** Those that are not named keep their defaults. */
  readonly limits?: Partial<EngineLimits>
  /** Nothing is logged when absent. */
  readonly log?: Logger
  /**
   * Where `WINDLASS_HOME`, `WINDLASS_ALLOW_HOSTS`, the variables of the Hub's client (`HF_HOME`,
   * `HF_TOKEN`, `HF_ENDPOINT`, ...) and those of proxies are read; the process's own when absent.
   */
  readonly env?: Readonly<Record<string, string | undefined>>
}

export interface PullOptions {
  /** Called at each change, about twice a second while bytes arrive. What it throws ends the call. */
  readonly onProgress?: (progress: DownloadProgress, download: DownloadSummary) => void
  /**
   * Stops the download and ends the call. It is paused with every byte kept, unless the
   * reason is a `StopRequest` that asks to `cancel` (its bytes go) or to `shutdown` (it goes
   * on by itself at the next start).
   */
  readonly signal?: AbortSignal
}

/** Which downloads a cancel means: one, those of a reference, or all that can be cancelled. */
export type CancelTarget =
  | { readonly id: string }
  | Pick<DownloadRequest, 'ref' | 'revision'>
  | { readonly all: true }

/** What a cancel removed. */
export interface CancelOutcome {
  readonly id: string
  readonly ref: string
  readonly receipt: CancelReceipt
}

/** An engine within another program, with what such a program needs most in one call each. */
export interface EmbeddedEngine extends Engine, AsyncDisposable {
  /**
   * What a request would fetch, and whether it fits on the disk: asked before anything starts.
   * @throws WindlassError as the host answers
   */
  plan(
    request: string | DownloadRequest,
    options?: { readonly signal?: AbortSignal },
  ): Promise<DownloadPlan>
  /**
   * Brings what a request stands for and waits until it is complete and verified. What is
   * paused, blocked, failed or cancelled under the same request goes on. Room on the disk is
   * made sure of before the first byte.
   * @throws WindlassError with the code of the reason when it fails or is blocked (`DISK_FULL`
   *   among others; then everything received is kept), DOWNLOAD_STOPPED when somebody paused
   *   or cancelled it, DOWNLOAD_NOT_FOUND when somebody forgot it
   * @throws the signal's reason when it aborts, a StopRequest when the engine is closed
   */
  pull(request: string | DownloadRequest, options?: PullOptions): Promise<DownloadResult>
  /** Downloads that run or wait, paused and blocked ones included, newest first. */
  active(): Promise<readonly DownloadSummary[]>
  /**
   * Cancels and removes what was received. Of several, those that settle meanwhile are left out.
   * @throws WindlassError DOWNLOAD_NOT_FOUND and INVALID_STATE for a single id, REF_INVALID
   */
  cancel(target: CancelTarget): Promise<readonly CancelOutcome[]>
}
