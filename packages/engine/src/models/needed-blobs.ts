import { readdir } from 'node:fs/promises'
import { isSystemError, orNullIfAbsent } from '../disk/system-error.ts'
import { type HubCacheLayout, isDownloadId } from '../stores/hub-cache/layout.ts'
import { entryKey } from '../stores/hub-cache/manifest.ts'
import { blobsInUse } from '../stores/hub-cache/snapshot-interest.ts'
import { Staging } from '../stores/hub-cache/staging.ts'

export interface NeededBlobs {
  has(blobName: string): boolean
}

/**
 * The blobs of a repository that some snapshot links to, or that an unfinished download, of this
 * program or another, has brought or counts on.
 */
export async function neededBlobs(layout: HubCacheLayout): Promise<NeededBlobs> {
  const mentioned = new Set<string>()
  for (const id of (await orNullIfAbsent(readdir(layout.windlass))) ?? []) {
    if (!isDownloadId(id)) continue
    try {
      const { mentioned: keys } = await new Staging(layout, id).manifest.read()
      for (const key of keys) mentioned.add(key)
    } catch (error) {
      // What another user's download counts on cannot be told, so it counts on everything.
      if (isSystemError(error, 'EACCES', 'EPERM')) return { has: () => true }
      throw error
    }
  }
  const linked = await blobsInUse(layout)
  return {
    has: (name) => linked.has(name) || mentioned.has(entryKey({ kind: 'blob', name })),
  }
}
