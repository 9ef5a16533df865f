import type { Download } from './download.ts'

/** One file of a complete download. */
export interface ResultFile {
  readonly path: string
  readonly sizeBytes: number | null
  /** It was in place before and cost no byte. */
  readonly present: boolean
}

/** What a complete download came to. Times are epoch milliseconds. */
export interface DownloadResult {
  readonly id: string
  readonly ref: string
  readonly source: string
  readonly title: string
  /** The immutable revision the files are of; null where the host has none. */
  readonly revision: string | null
  /** Where the files are. */
  readonly path: string
  /** All files together, those included that were in place before; equal files count once. */
  readonly sizeBytes: number
  /** What was in place before, file by file. */
  readonly presentBytes: number
  readonly filesPresent: number
  readonly filesTotal: number
  /** True when every file agrees with a digest of its host. */
  readonly verified: boolean
  /** Attempts that failed on the way. */
  readonly attempts: number
  /** Time at work, over all runs; waiting in the queue and pauses do not count. */
  readonly elapsedSeconds: number
  /** Bytes that were not in place before, for each second at work; null when it took no measurable time. */
  readonly averageBytesPerSecond: number | null
  readonly createdAt: number
  readonly startedAt: number | null
  readonly finishedAt: number | null
  readonly files: readonly ResultFile[]
}

/** The result of a download; null as long as it is not complete. */
export function resultOf(download: Download): DownloadResult | null {
  const { elapsedSeconds, result } = download
  if (download.state !== 'completed' || result === undefined) return null
  const files = download.files.map(({ path, sizeBytes, present }) => ({ path, sizeBytes, present }))
  const present = files.filter((file) => file.present)
  const presentBytes = present.reduce((sum, { sizeBytes }) => sum + (sizeBytes ?? 0), 0)
  return {
    id: download.id,
    ref: download.ref,
    source: download.source,
    title: download.title,
    revision: download.revision,
    path: result.path,
    sizeBytes: result.sizeBytes,
    presentBytes,
    filesPresent: present.length,
    filesTotal: files.length,
    verified: result.verified,
    attempts: download.attempts,
    elapsedSeconds,
    averageBytesPerSecond:
      elapsedSeconds > 0 ? Math.max(0, result.sizeBytes - presentBytes) / elapsedSeconds : null,
    createdAt: download.createdAt,
    startedAt: download.startedAt,
    finishedAt: download.finishedAt,
    files,
  }
}
