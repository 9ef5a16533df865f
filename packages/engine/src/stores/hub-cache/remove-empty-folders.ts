import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { orNullIfAbsent } from '../../disk/system-error.ts'
import { makeFolder } from './folders.ts'
import type { HubCacheLayout } from './layout.ts'
import { refsTo } from './snapshot-interest.ts'
import { removeIfEmpty } from './staging.ts'

/**
 * Removes the folders that a clean-up left empty. The Python client warns of a
 * repository without `snapshots/` and of a ref without its snapshot, so those go
 * only together with what needs them. `.locks` stays, as it does with the client.
 */
export async function removeEmptyFolders(
  layout: HubCacheLayout,
  commits: ReadonlySet<string>,
): Promise<void> {
  await removeIfEmpty(layout.windlass)
  for (const commit of commits) {
    const isReferred = (await refsTo(layout, commit)).length > 0
    await removeEmptyBelow(layout.snapshot(commit))
    if (!isReferred) await removeIfEmpty(layout.snapshot(commit))
  }
  // In this order: a kill in between must not leave a repository without `snapshots/`.
  const ours = [layout.blobs, layout.trees, layout.refs, layout.snapshots]
  const names = (await orNullIfAbsent(readdir(layout.repo))) ?? []
  const known = names.every((name) => ours.includes(join(layout.repo, name)))
  if (!known || !(await areEmpty(ours))) return
  for (const folder of ours) {
    await removeEmptyBelow(folder)
    await removeIfEmpty(folder)
  }
  // Somebody may have begun here in the meantime.
  if (await removeIfEmpty(layout.repo)) return
  await makeFolder(layout.snapshots)
  await makeFolder(layout.blobs)
}

/** Removes empty folders below a folder, innermost first. Does not enter links. */
async function removeEmptyBelow(folder: string): Promise<void> {
  const entries = (await orNullIfAbsent(readdir(folder, { withFileTypes: true }))) ?? []
  for (const entry of entries) {
    if (!entry.isDirectory()) continue
    const child = join(folder, entry.name)
    await removeEmptyBelow(child)
    await removeIfEmpty(child)
  }
}

async function areEmpty(folders: readonly string[]): Promise<boolean> {
  for (const folder of folders) {
    const entries = await orNullIfAbsent(readdir(folder, { recursive: true, withFileTypes: true }))
    if (entries?.some((entry) => !entry.isDirectory()) === true) return false
  }
  return true
}
