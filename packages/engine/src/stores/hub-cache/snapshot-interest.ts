import { lstat, readdir, readFile, readlink } from 'node:fs/promises'
import { basename, join, relative, sep } from 'node:path'
import { orNullIfAbsent } from '../../disk/system-error.ts'
import { type HubCacheLayout, isBlobName } from './layout.ts'
import type { ManifestEntry } from './manifest.ts'

/**
 * True when somebody other than our downloads wrote to a snapshot, its listing or a
 * ref to it since a download began: they may count on any file that is there, so
 * none may go. Who was done before the download began did without its files.
 */
export async function someoneElseWorkedHere(
  layout: HubCacheLayout,
  commit: string,
  {
    begunMs,
    isOurs,
  }: {
    readonly begunMs: number
    readonly isOurs: (entry: ManifestEntry) => Promise<boolean>
  },
): Promise<boolean> {
  // A rename or a new entry always sets ctime, and nobody can set it back.
  const isYounger = async (path: string): Promise<boolean> =>
    ((await orNullIfAbsent(lstat(path)))?.ctimeMs ?? -1) >= begunMs

  if ((await isYounger(layout.tree(commit))) && !(await isOurs({ kind: 'tree', commit })))
    return true
  for (const ref of await refsTo(layout, commit)) if (await isYounger(ref)) return true
  const folder = layout.snapshot(commit)
  for (const file of await filesBelow(folder)) {
    const path = relative(folder, file).split(sep).join('/')
    const entry = { kind: 'link', commit, path, blob: '' } as const
    if ((await isYounger(file)) && !(await isOurs(entry))) return true
  }
  return false
}

/** Files below `refs/` that point to the commit. */
export async function refsTo(layout: HubCacheLayout, commit: string): Promise<readonly string[]> {
  const refs: string[] = []
  for (const file of await filesBelow(layout.refs)) {
    if ((await orNullIfAbsent(readFile(file, 'utf8')))?.trim() === commit) refs.push(file)
  }
  return refs
}

/** Names of all blobs that a link in any snapshot of the repository points to. */
export async function blobsInUse(layout: HubCacheLayout): Promise<ReadonlySet<string>> {
  const names = new Set<string>()
  for (const file of await filesBelow(layout.snapshots)) {
    const entry = await orNullIfAbsent(lstat(file))
    if (entry?.isSymbolicLink() !== true) continue
    const name = basename((await orNullIfAbsent(readlink(file))) ?? '')
    if (isBlobName(name)) names.add(name)
  }
  return names
}

/** Everything below a folder that is no folder; links are not followed. */
async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await orNullIfAbsent(readdir(folder, { recursive: true, withFileTypes: true }))
  return (entries ?? [])
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
}
