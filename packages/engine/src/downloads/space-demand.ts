import type { DownloadRepository } from '../database/download-repository.ts'
import type { Store } from '../stores/store.ts'
import type { SpaceDemand } from './admission.ts'
import type { DownloadRecord, StoredResolution } from './download-record.ts'

export interface SpaceDemandDeps {
  readonly downloads: DownloadRepository
  readonly store: (placement: StoredResolution['placement']) => Store
}

/** What a download that does not run has yet to write; null while its size is unknown. */
export async function spaceDemandOf(
  record: DownloadRecord,
  { downloads, store }: SpaceDemandDeps,
): Promise<SpaceDemand | null> {
  const resolution = await downloads.resolution(record.id)
  if (resolution === null) return null
  const totalBytes = record.progress.totalBytes ?? totalOf(resolution)
  return {
    id: record.id,
    volume: await store(resolution.placement).volume(resolution.placement),
    neededBytes: Math.max(0, totalBytes - record.progress.receivedBytes),
    totalBytes,
  }
}

function totalOf(resolution: StoredResolution): number {
  return resolution.files.reduce((sum, { sizeBytes }) => sum + (sizeBytes ?? 0), 0)
}
