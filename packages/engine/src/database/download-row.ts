import { CAUSE_OF, type DownloadReason, DownloadState } from '@windlass/contract'
import type { DownloadPatch, DownloadRecord } from '../downloads/download-record.ts'
import type { DownloadRow } from './schema.ts'

/** A row as the record the engine works with. */
export function recordOf(row: DownloadRow): DownloadRecord {
  return {
    id: row.id,
    ref: { source: row.source, canonical: row.canonical },
    refText: row.ref,
    selection: { include: json(row.include), exclude: json(row.exclude) },
    jobKey: row.job_key,
    title: row.title,
    state: DownloadState.parse(row.state),
    reason: reasonIn(row.reason),
    priority: row.priority,
    position: row.position,
    rank: row.rank,
    interrupted: row.interrupted === 1,
    fence: row.fence,
    attempts: row.attempts,
    revision: row.revision,
    destination: row.destination,
    result: json(row.result),
    receipt: json(row.receipt),
    cleanupPending: row.cleanup_pending === 1,
    progress: {
      receivedBytes: row.received_bytes,
      totalBytes: row.total_bytes,
      filesDone: row.files_done,
      filesTotal: row.files_total,
    },
    retryAt: row.retry_at,
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    elapsedMs: row.elapsed_ms,
    connections: row.connections,
    limitRate: row.limit_rate,
    lostStarts: row.lost_starts,
  }
}

/** A new record as its row. */
export function rowOf(record: DownloadRecord): DownloadRow {
  return {
    id: record.id,
    source: record.ref.source,
    canonical: record.ref.canonical,
    ref: record.refText,
    include: text(record.selection.include),
    exclude: text(record.selection.exclude),
    job_key: record.jobKey,
    title: record.title,
    state: record.state,
    reason: text(record.reason),
    priority: record.priority,
    position: record.position,
    rank: record.rank,
    interrupted: record.interrupted ? 1 : 0,
    fence: record.fence,
    attempts: record.attempts,
    revision: record.revision,
    destination: record.destination,
    result: text(record.result),
    receipt: text(record.receipt),
    cleanup_pending: record.cleanupPending ? 1 : 0,
    received_bytes: record.progress.receivedBytes,
    total_bytes: record.progress.totalBytes,
    files_done: record.progress.filesDone,
    files_total: record.progress.filesTotal,
    retry_at: record.retryAt,
    created_at: record.createdAt,
    started_at: record.startedAt,
    finished_at: record.finishedAt,
    elapsed_ms: record.elapsedMs,
    connections: record.connections,
    limit_rate: record.limitRate,
    lost_starts: record.lostStarts,
  }
}

/** The columns that a change sets, from the record after it. */
export function changedColumns(after: DownloadRecord, patch: DownloadPatch): Partial<DownloadRow> {
  const row = rowOf(after)
  const columns: Partial<DownloadRow> = { state: row.state }
  for (const key of Object.keys(patch) as (keyof DownloadPatch)[]) {
    for (const column of COLUMNS[key]) Object.assign(columns, { [column]: row[column] })
  }
  return columns
}

const COLUMNS: Readonly<Record<keyof DownloadPatch, readonly (keyof DownloadRow)[]>> = {
  title: ['title'],
  priority: ['priority'],
  rank: ['rank'],
  connections: ['connections'],
  limitRate: ['limit_rate'],
  lostStarts: ['lost_starts'],
  reason: ['reason'],
  interrupted: ['interrupted'],
  fence: ['fence'],
  attempts: ['attempts'],
  revision: ['revision'],
  destination: ['destination'],
  result: ['result'],
  receipt: ['receipt'],
  cleanupPending: ['cleanup_pending'],
  progress: ['received_bytes', 'total_bytes', 'files_done', 'files_total'],
  retryAt: ['retry_at'],
  startedAt: ['started_at'],
  finishedAt: ['finished_at'],
  elapsedMs: ['elapsed_ms'],
}

/** An earlier version did not write down whose trouble it is. */
function reasonIn(value: string | null): DownloadReason | null {
  const reason = json<DownloadReason>(value)
  return reason === null ? null : { ...reason, cause: CAUSE_OF[reason.code] }
}

/** Only `text` below writes these columns, so the type is the one that was written. */
function json<T>(value: string | null): T | null {
  return value === null ? null : (JSON.parse(value) as T)
}

function text(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value)
}
