import type { Download, DownloadFile, DownloadSummary } from '@windlass/contract'
import type { DownloadRecord, FileSnapshot, StoredResolution } from './download-record.ts'
import { progressOf, type RunProgress } from './run-progress.ts'
import { actionsIn } from './state-table.ts'
import { waitsForOf } from './waits-for.ts'

/** What is known of a download that runs at this moment. */
export interface LiveRun {
  readonly progress: RunProgress | null
  /** Epoch milliseconds of this start. */
  readonly since: number
}

/** A download as lists and events show it; `place` is the one in the queue, where it is known. */
export function summarize(
  record: DownloadRecord,
  live: LiveRun | null,
  now: number,
  place?: number,
): DownloadSummary {
  const elapsedMs = record.elapsedMs + (live === null ? 0 : Math.max(0, now - live.since))
  return {
    id: record.id,
    ref: record.refText,
    source: record.ref.source,
    title: record.title,
    state: record.state,
    ...(record.reason === null ? {} : { reason: record.reason }),
    ...waitsForOf(record, place),
    progress: progressOf(
      live?.progress?.snapshot() ?? record.progress,
      live?.progress?.bytesPerSecond() ?? 0,
    ),
    revision: record.revision,
    destination: record.destination,
    priority: record.priority,
    ...(record.connections === null ? {} : { connections: record.connections }),
    ...(record.limitRate === null ? {} : { limitRate: record.limitRate }),
    ...(record.result === null ? {} : { result: record.result }),
    ...(record.receipt === null ? {} : { receipt: record.receipt }),
    attempts: record.attempts,
    createdAt: record.createdAt,
    startedAt: record.startedAt,
    finishedAt: record.finishedAt,
    elapsedSeconds: Math.round(elapsedMs / 100) / 10,
    actions: actionsIn(record.state),
  }
}

/** A download with its files. */
export function describe(
  record: DownloadRecord,
  live: LiveRun | null,
  now: number,
  known: {
    readonly resolution: StoredResolution | null
    readonly files: FileSnapshot | null
    readonly place: number | undefined
  },
): Download {
  return { ...summarize(record, live, now, known.place), files: filesOf(record, live, known) }
}

function filesOf(
  record: DownloadRecord,
  live: LiveRun | null,
  known: { readonly resolution: StoredResolution | null; readonly files: FileSnapshot | null },
): DownloadFile[] {
  const seen = new Map(
    (live?.progress?.files() ?? known.files ?? []).map((file) => [file.path, file]),
  )
  return (known.resolution?.files ?? []).map(({ path, sizeBytes }) => {
    const { receivedBytes = 0, state = 'pending', present = false } = seen.get(path) ?? {}
    const idle = live === null && record.state !== 'completed' && state !== 'done'
    return { path, sizeBytes, receivedBytes, state: idle ? 'pending' : state, present }
  })
}
