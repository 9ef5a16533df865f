import { lstat } from 'node:fs/promises'
import { orNullIfAbsent } from '../../disk/system-error.ts'
import type { HubCachePlacement } from '../placement.ts'
import type { TransferUnit } from '../store.ts'
import { blobOf } from './blob-of.ts'
import { fileSize } from './file-size.ts'
import type { HubCacheLayout } from './layout.ts'
import { setAsideFolder } from './set-aside-folder.ts'
import type { SharedBlobs } from './shared-blobs.ts'

/** Where the bytes of a unit are. */
export type Presence =
  /** In `blobs/`, itself or through a link into the shared store. */
  | { readonly kind: 'blob' }
  /** In the snapshot itself, as the Python client leaves them where there are no links. */
  | { readonly kind: 'file'; readonly path: string }
  /** In the shared store, where another repository left them; nothing points there yet. */
  | { readonly kind: 'shared'; readonly xetHash: string }

/**
 * Finds the complete bytes of a unit, without a change and without a look at their
 * content. A file of another size is as good as absent.
 */
export async function findBytes(
  unit: TransferUnit,
  {
    layout,
    placement,
    shared,
    xetHashes,
  }: {
    readonly layout: HubCacheLayout
    readonly placement: HubCachePlacement
    readonly shared: SharedBlobs
    readonly xetHashes: ReadonlyMap<string, string>
  },
): Promise<Presence | null> {
  const { name, sizeBytes } = blobOf(unit)
  if ((await fileSize(layout.blob(name))) === sizeBytes) return { kind: 'blob' }
  for (const path of unit.paths) {
    const entry = await orNullIfAbsent(lstat(layout.file(placement.commit, path)))
    if (entry?.isFile() === true && entry.size === sizeBytes) return { kind: 'file', path }
  }
  const xetHash = unit.paths.map((path) => xetHashes.get(path)).find((hash) => hash !== undefined)
  if (xetHash === undefined || (await isSetAside(layout, name))) return null
  return (await shared.has(xetHash, sizeBytes)) ? { kind: 'shared', xetHash } : null
}

/** The payload in the shared store is what was found to be damaged. */
async function isSetAside(layout: HubCacheLayout, blobName: string): Promise<boolean> {
  return (await orNullIfAbsent(lstat(setAsideFolder(layout, blobName)))) !== null
}

/** Xet hashes by path, for those files of a listing that have one. */
export function xetHashesOf(placement: HubCachePlacement): ReadonlyMap<string, string> {
  const hashes = new Map<string, string>()
  for (const { path, xetHash } of placement.tree) {
    if (xetHash !== undefined) hashes.set(path, xetHash)
  }
  return hashes
}
