import type { DownloadRepository } from '../database/download-repository.ts'
import type { Logger } from '../ports.ts'
import type { Store } from '../stores/store.ts'

export interface SweepDeps {
  readonly downloads: Pick<DownloadRepository, 'find'>
  readonly stores: readonly Pick<Store, 'sweep'>[]
  readonly log: Pick<Logger, 'info' | 'warn'>
}

/** Removes what an earlier database, or a crash, left in staging and no download owns. Never fails the start. */
export async function sweep({ downloads, stores, log }: SweepDeps): Promise<void> {
  for (const store of stores) {
    try {
      const removed = await store.sweep(async (id) => (await downloads.find(id)) !== null)
      if (removed.files > 0) log.info(removed, 'removed unfinished bytes that no download owned')
    } catch (err) {
      log.warn({ err }, 'staging could not be swept; it is tried again at the next start')
    }
  }
}
