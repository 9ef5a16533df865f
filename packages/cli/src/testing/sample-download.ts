import type { DownloadProgress, DownloadSummary } from '@windlass/contract'

/** A download for tests of what is shown: half of 10 GB there, at 100 MB/s. */
export function sampleDownload(
  changes: Partial<Omit<DownloadSummary, 'progress'>> & {
    readonly progress?: Partial<DownloadProgress>
  } = {},
): DownloadSummary {
  return {
    id: 'a1b2c3',
    ref: 'org/name',
    source: 'huggingface',
    title: 'org/name',
    state: 'downloading',
    revision: null,
    destination: null,
    priority: 0,
    attempts: 0,
    createdAt: 0,
    startedAt: null,
    finishedAt: null,
    elapsedSeconds: 0,
    actions: ['pause', 'cancel'],
    ...changes,
    progress: {
      receivedBytes: 5e9,
      totalBytes: 10e9,
      percent: 50,
      bytesPerSecond: 100e6,
      etaSeconds: 50,
      filesDone: 1,
      filesTotal: 4,
      ...changes.progress,
    },
  }
}
