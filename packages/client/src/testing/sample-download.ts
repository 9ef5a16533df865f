import type { Download } from '@windlass/contract'

/** A download that was just accepted. */
export function sampleDownload(change: Partial<Download> = {}): Download {
  return {
    id: 'a',
    ref: 'org/name',
    source: 'huggingface',
    title: 'org/name',
    state: 'queued',
    progress: {
      receivedBytes: 0,
      totalBytes: null,
      percent: null,
      bytesPerSecond: 0,
      etaSeconds: null,
      filesDone: 0,
      filesTotal: null,
    },
    revision: null,
    destination: null,
    priority: 0,
    attempts: 0,
    createdAt: 1,
    startedAt: null,
    finishedAt: null,
    elapsedSeconds: 0,
    actions: [],
    files: [],
    ...change,
  }
}
