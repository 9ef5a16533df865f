import type { DownloadRecord } from '../download-record.ts'
import type { NewDownload } from '../ledger.ts'

/** A queued download of a repository of the same name. */
export function newDraft(id: string, more: Partial<DownloadRecord> = {}): NewDownload {
  return {
    id,
    ref: { source: 'huggingface', canonical: `hf://models/org/${id}` },
    refText: `org/${id}`,
    selection: { include: ['*.json'], exclude: null },
    jobKey: id,
    title: id,
    state: 'queued',
    reason: null,
    priority: 0,
    connections: null,
    limitRate: null,
    interrupted: false,
    fence: 0,
    lostStarts: 0,
    attempts: 0,
    revision: null,
    destination: null,
    result: null,
    receipt: null,
    cleanupPending: false,
    progress: { receivedBytes: 0, totalBytes: null, filesDone: 0, filesTotal: null },
    retryAt: null,
    createdAt: 1,
    startedAt: null,
    finishedAt: null,
    elapsedMs: 0,
    ...more,
  }
}
