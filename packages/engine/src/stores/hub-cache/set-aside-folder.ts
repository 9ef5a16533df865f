import { join } from 'node:path'
import type { HubCacheLayout } from './layout.ts'

/**
 * Where a repair keeps damaged bytes until good ones are in their place. While it is there, no
 * other copy of them is trusted unread. The dot keeps the name apart from ids of downloads.
 */
export function setAsideFolder(layout: HubCacheLayout, blobName: string): string {
  return join(layout.windlass, '.damaged', blobName)
}
