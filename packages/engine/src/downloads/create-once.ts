import { createHash } from 'node:crypto'
import type { Download, DownloadRequest } from '@windlass/contract'
import type { Kysely } from 'kysely'
import type { DownloadRepository } from '../database/download-repository.ts'
import type { IdempotencyRepository } from '../database/idempotency-repository.ts'
import type { Schema } from '../database/schema.ts'
import { WindlassError } from '../errors/windlass-error.ts'
import type { Clock } from '../runtime/clock.ts'
import type { DownloadRecord } from './download-record.ts'

const KEPT_MS = 24 * 3_600_000

export interface CreateOnceDeps {
  readonly keys: IdempotencyRepository
  readonly downloads: Pick<DownloadRepository, 'find'>
  readonly clock: Pick<Clock, 'now'>
  readonly describe: (record: DownloadRecord) => Promise<Download>
}

interface Created {
  readonly download: Download
  readonly created: boolean
}

/** Writes the key down; called inside the transaction that makes the download, if it is a new one. */
export type KeepKey = (downloadId: string, db?: Kysely<Schema>) => Promise<void>

/**
 * A request that was sent before under the same key is answered with its download as it
 * stands now, and starts nothing, whatever became of it. Keys are kept for 24 hours.
 *
 * @throws WindlassError IDEMPOTENCY_KEY_REUSED for another request under the same key;
 *   DOWNLOAD_NOT_FOUND when its download is forgotten; what `create` throws, without keeping the key
 */
export async function createOnce(
  sent: { readonly key: string; readonly request: DownloadRequest },
  deps: CreateOnceDeps,
  create: (keep: KeepKey) => Promise<Created>,
): Promise<Created> {
  const { keys, downloads, clock, describe } = deps
  const hash = hashOf(sent.request)
  const notBefore = clock.now() - KEPT_MS
  const known = await keys.find(sent.key, notBefore)
  if (known === null) {
    let isKept = false
    const keep: KeepKey = async (downloadId, db) => {
      isKept = true
      const row = { key: sent.key, request_hash: hash, download_id: downloadId }
      await keys.keep({ ...row, created_at: clock.now() }, notBefore, db)
    }
    const answer = await create(keep)
    if (!isKept) await keep(answer.download.id)
    return answer
  }
  if (known.request_hash !== hash) throw new WindlassError('IDEMPOTENCY_KEY_REUSED')
  const record = await downloads.find(known.download_id)
  if (record === null) throw new WindlassError('DOWNLOAD_NOT_FOUND', { detail: known.download_id })
  return { download: await describe(record), created: false }
}

/** Equal for requests that say the same, in whatever order they say it. */
function hashOf(request: DownloadRequest): string {
  return createHash('sha256').update(JSON.stringify(request, inOrder)).digest('hex')
}

/** For JSON.stringify, which leaves out what is undefined. */
function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
