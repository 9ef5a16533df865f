import type { CancelReceipt } from '@windlass/contract'
import type { DownloadRepository } from '../database/download-repository.ts'
import type { Store } from '../stores/store.ts'
import type { DownloadRecord, StoredResolution } from './download-record.ts'
import type { Ledger } from './ledger.ts'

export interface CleanUpDeps {
  readonly downloads: DownloadRepository
  readonly ledger: Ledger
  readonly store: (placement: StoredResolution['placement']) => Store
}

const EMPTY_PROGRESS = { receivedBytes: 0, totalBytes: null, filesDone: 0, filesTotal: null }

/**
 * Removes every byte that a cancelled download brought, and writes down what that
 * was. May be called again after a crash: the receipts add up.
 */
export async function cleanUp(record: DownloadRecord, deps: CleanUpDeps): Promise<CancelReceipt> {
  const resolution = await deps.downloads.resolution(record.id)
  const removed = await removeBytes(record.id, resolution, deps)
  const receipt = {
    files: removed.files + (record.receipt?.files ?? 0),
    bytes: removed.bytes + (record.receipt?.bytes ?? 0),
  }
  await deps.ledger.note(
    [{ type: 'download.cleaned', downloadId: record.id, data: { id: record.id, ...receipt } }],
    { id: record.id, set: { receipt, cleanupPending: false, progress: EMPTY_PROGRESS } },
  )
  return receipt
}

/** Removes the bytes alone, which are where its resolution says. */
export async function removeBytes(
  id: string,
  resolution: StoredResolution | null,
  { store }: Pick<CleanUpDeps, 'store'>,
): Promise<CancelReceipt> {
  if (resolution === null) return { files: 0, bytes: 0 }
  return await store(resolution.placement).cleanUp(resolution.placement, id)
}
