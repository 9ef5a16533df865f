import type { CancelReceipt } from '@windlass/contract'
import { isSameOwner, type StagingOwner } from '../staging-owner.ts'
import { removeIfEmpty, Staging } from './staging.ts'
import { stagingFolders } from './staging-folders.ts'

/**
 * Removes the staging folders of this home that no download of it owns: unfinished bytes
 * which nothing will ever continue. Finished files that such a download brought stay. What
 * belongs to another home, or to nobody who can be told, is not touched: its process may be
 * at work this very moment, on another machine even.
 */
export async function sweepStaging(
  cacheDir: string,
  self: StagingOwner,
  isOwned: (downloadId: string) => Promise<boolean>,
): Promise<CancelReceipt> {
  const receipt = { files: 0, bytes: 0 }
  for await (const { layout, downloadId, owner } of stagingFolders(cacheDir)) {
    if (owner === null || !isSameOwner(owner, self)) continue
    if (await isOwned(downloadId)) continue
    const staging = new Staging(layout, downloadId)
    for (const { bytes } of await staging.parts()) {
      receipt.files += 1
      receipt.bytes += bytes
    }
    await staging.remove()
    await removeIfEmpty(layout.windlass)
  }
  return receipt
}
