import { lstat, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { orNullIfAbsent } from '../../disk/system-error.ts'
import type { HubCacheLayout } from './layout.ts'

/**
 * Removes `.no_exist/<commit>/<path>` for paths that the commit has after all. The
 * Python client never does, and its `try_to_load_from_cache` asks the marker before
 * the snapshot: after one wrong answer of the Hub a file that is there would stay
 * invisible. All other markers are left alone.
 */
export async function removeFalseMarkers(
  layout: HubCacheLayout,
  commit: string,
  paths: Iterable<string>,
): Promise<void> {
  const folder = layout.missingMarkers(commit)
  if ((await orNullIfAbsent(lstat(folder)))?.isDirectory() !== true) return
  for (const path of paths) {
    const marker = join(folder, path)
    const entry = await orNullIfAbsent(lstat(marker))
    if (entry?.isFile() === true && entry.size === 0) await rm(marker, { force: true })
  }
}
