import { lstat, readdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { CancelReceipt } from '@windlass/contract'
import { syncDirectory } from '../disk/durable-rename.ts'
import { orNullIfAbsent } from '../disk/system-error.ts'
import type { HubCacheLayout } from '../stores/hub-cache/layout.ts'
import { removeEmptyFolders } from '../stores/hub-cache/remove-empty-folders.ts'
import { refsTo } from '../stores/hub-cache/snapshot-interest.ts'
import { isAtWork, readBlobs } from './incomplete-blobs.ts'
import { RemovalBin } from './removal-bin.ts'
import { removeSetAside } from './set-aside.ts'
import { sweepSharedBlob } from './sweep-shared-blob.ts'

/**
 * Removes revisions with everything that only they need. A crash at any point leaves a cache
 * that every reader finds in order: refs go first, then the snapshot as a whole, then blobs.
 * What is left of an earlier call is removed too.
 */
export async function removeRevisions(
  layout: HubCacheLayout,
  commits: readonly string[],
): Promise<CancelReceipt> {
  const bin = openBin(layout)
  for (const commit of commits) {
    for (const ref of await refsTo(layout, commit)) {
      await rm(ref, { force: true })
      await syncDirectory(dirname(ref))
    }
    await bin.takeSnapshot(commit)
  }
  const receipt = await bin.empty()
  await removeEmptyFolders(layout, new Set(commits))
  return receipt
}

/**
 * Removes blobs that no revision has. One that somebody needs by now stays.
 * @param names as {@link readBlobs} gives them
 */
export async function removeBlobs(
  layout: HubCacheLayout,
  names: readonly string[],
): Promise<CancelReceipt> {
  const bin = openBin(layout)
  await bin.takeBlobs(names)
  return await bin.empty()
}

/** Removes a whole repository, except for what other programs are at work on. */
export async function removeRepo(
  layout: HubCacheLayout,
  { commits, now }: { readonly commits: readonly string[]; readonly now: number },
): Promise<CancelReceipt> {
  const removed = [await removeRevisions(layout, commits)]
  const { whole, incomplete } = await readBlobs(layout)
  const idle: string[] = []
  for (const blob of whole) if (!(await isAtWork(layout, blob, now))) idle.push(blob.name)
  removed.push(await removeBlobs(layout, idle))
  for (const blob of incomplete) {
    if (await isAtWork(layout, blob, now)) continue
    await rm(join(layout.blobs, blob.name), { force: true })
    removed.push({ files: 1, bytes: blob.bytes })
  }
  removed.push(await removeSetAside(layout))
  await removeListings(layout)
  await removeEmptyFolders(layout, new Set(commits))
  return sumOf(removed)
}

export function sumOf(receipts: readonly CancelReceipt[]): CancelReceipt {
  return {
    files: receipts.reduce((sum, { files }) => sum + files, 0),
    bytes: receipts.reduce((sum, { bytes }) => sum + bytes, 0),
  }
}

function openBin(layout: HubCacheLayout): RemovalBin {
  return new RemovalBin(layout, { onUnlinked: (target) => sweepSharedBlob(layout.cache, target) })
}

/** Listings and notes of absent files, which are of no use without a snapshot. */
async function removeListings(layout: HubCacheLayout): Promise<void> {
  for (const name of (await orNullIfAbsent(readdir(layout.trees))) ?? []) {
    const commit = /^([0-9a-f]{40})\.json$/.exec(name)?.[1]
    if (commit === undefined) continue
    if ((await orNullIfAbsent(lstat(layout.snapshot(commit)))) !== null) continue
    await rm(layout.tree(commit), { force: true })
  }
  if (((await orNullIfAbsent(readdir(layout.snapshots))) ?? []).length > 0) return
  await rm(join(layout.repo, '.no_exist'), { recursive: true, force: true })
}
