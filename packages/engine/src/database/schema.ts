import type { Generated } from 'kysely'
import type { AccessKind } from '../engine.ts'

/** Rows as SQLite holds them: integers for booleans and times, text for JSON. Never leave this folder. */
export interface DownloadRow {
  id: string
  source: string
  canonical: string
  ref: string
  include: string | null
  exclude: string | null
  job_key: string
  title: string
  state: string
  reason: string | null
  priority: number
  position: number
  rank: number
  interrupted: number
  fence: number
  attempts: number
  revision: string | null
  destination: string | null
  result: string | null
  receipt: string | null
  cleanup_pending: number
  received_bytes: number
  total_bytes: number | null
  files_done: number
  files_total: number | null
  retry_at: number | null
  created_at: number
  started_at: number | null
  finished_at: number | null
  elapsed_ms: number
  connections: number | null
  limit_rate: number | null
  lost_starts: number
}

export interface ResolutionRow {
  download_id: string
  json: string
  /** Bytes and state of each file when the download last stopped. */
  files: string | null
}

export interface EventRow {
  seq: Generated<number>
  at: number
  type: string
  download_id: string
  data: string
}

export interface SettingRow {
  name: string
  json: string
}

export interface IdempotencyRow {
  key: string
  request_hash: string
  download_id: string
  created_at: number
}

export interface AccessKeyRow {
  hash: string
  kind: AccessKind
  granted_by: string | null
  created_at: number
  expires_at: number | null
}

export interface Schema {
  idempotency_key: IdempotencyRow
  setting: SettingRow
  download: DownloadRow
  resolution: ResolutionRow
  event: EventRow
  access_key: AccessKeyRow
}
