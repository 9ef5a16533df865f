import { lstat, mkdir, readdir, readFile, readlink, rename, rm, symlink } from 'node:fs/promises'
import { basename, dirname, join, relative, sep } from 'node:path'
import type { CancelReceipt } from '@windlass/contract'
import { z } from 'zod'
import { syncDirectory } from '../disk/durable-rename.ts'
import { isSystemError, orNullIfAbsent } from '../disk/system-error.ts'
import { writeFileDurably } from '../disk/write-file-durably.ts'
import { isContainedPath } from '../selection/safe-path.ts'
import { fileSize } from '../stores/hub-cache/file-size.ts'
import { makeFolder } from '../stores/hub-cache/folders.ts'
import { isCommit } from '../stores/hub-cache/is-commit.ts'
import { type HubCacheLayout, isBlobName, linkTarget } from '../stores/hub-cache/layout.ts'
import { setAsideFolder } from '../stores/hub-cache/set-aside-folder.ts'
import { removeIfEmpty } from '../stores/hub-cache/staging.ts'

/** A place in a snapshot. */
export interface SnapshotPlace {
  readonly commit: string
  readonly path: string
}

const Note = z.object({
  places: z.array(
    z.object({ commit: z.string().refine(isCommit), path: z.string().refine(isContainedPath) }),
  ),
  sizeBytes: z.int().min(0),
})

/** Damaged bytes out of everybody's way, and what had them. */
export interface SetAside {
  readonly digest: string
  /** Bytes that good ones have. */
  readonly sizeBytes: number
  readonly places: readonly SnapshotPlace[]
}

/**
 * Takes damaged bytes from every reader of a repository: first a note of what had them, then the
 * links of all revisions, then the bytes. They are kept until good ones are in their place.
 */
export async function setAside(
  layout: HubCacheLayout,
  damaged: { readonly digest: string; readonly sizeBytes: number; readonly place: SnapshotPlace },
): Promise<void> {
  const { digest, sizeBytes, place } = damaged
  const folder = setAsideFolder(layout, digest)
  const own = layout.file(place.commit, place.path)
  const entry = await orNullIfAbsent(lstat(own))
  // Without links each revision has bytes of its own.
  const linked = entry?.isFile() === true ? [] : await placesOf(layout, digest)
  const isOfBlob = linked.some(({ commit, path }) => layout.file(commit, path) === own)
  const earlier = await readNote(layout, digest)
  const places = unique([place, ...linked, ...(earlier?.places ?? [])])
  await makeFolder(layout.windlass)
  await makeFolder(dirname(folder))
  await makeFolder(folder)
  await writeFileDurably(join(folder, 'note.json'), JSON.stringify({ places, sizeBytes }), {
    mode: 0o600,
    temporaryPath: join(folder, 'note.tmp'),
  })
  for (const { commit, path } of linked) await rm(layout.file(commit, path), { force: true })
  for (const { commit } of linked) await syncDirectory(layout.snapshot(commit))
  const content = join(folder, `content-${(await readdir(folder)).length}`)
  // What a link of another form points to is somebody else's, and stays where it is.
  if (entry?.isSymbolicLink() === true && !isOfBlob) await rm(own, { force: true })
  else await moveIfThere(entry?.isFile() === true ? own : layout.blob(digest), content)
}

/**
 * Puts the links back whose bytes are there and good again, and drops the damaged ones. What is
 * not fetched yet stays as it is.
 */
export async function restoreRepaired(layout: HubCacheLayout): Promise<void> {
  for (const { digest, sizeBytes, places } of await readSetAside(layout)) {
    const byBlob = (await fileSize(layout.blob(digest))) === sizeBytes
    const isOver = byBlob || (await areInPlace(layout, places, sizeBytes))
    if (!isOver && (await anySnapshot(layout, places))) continue
    for (const place of byBlob ? places : []) await restoreLink(layout, digest, place)
    await rm(setAsideFolder(layout, digest), { recursive: true, force: true })
  }
  await removeFolders(layout)
}

/** What waits for good bytes. */
export async function readSetAside(layout: HubCacheLayout): Promise<readonly SetAside[]> {
  const names = (await orNullIfAbsent(readdir(rootOf(layout)))) ?? []
  const found: SetAside[] = []
  for (const digest of names.filter(isBlobName)) {
    const note = await readNote(layout, digest)
    if (note !== null) found.push({ digest, ...note })
  }
  return found
}

/** Bytes that are set aside, by digest. */
export async function measureSetAside(
  layout: HubCacheLayout,
): Promise<readonly { readonly digest: string; readonly files: number; readonly bytes: number }[]> {
  const digests = (await orNullIfAbsent(readdir(rootOf(layout)))) ?? []
  const found = digests.filter(isBlobName).map(async (digest) => {
    const folder = setAsideFolder(layout, digest)
    const names = (await readdir(folder)).filter((name) => name.startsWith('content-'))
    const entries = await Promise.all(names.map((name) => lstat(join(folder, name))))
    const sizes = entries.filter((entry) => entry.isFile()).map(({ size }) => size)
    return { digest, files: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) }
  })
  return Promise.all(found)
}

/** Removes damaged bytes for good, with the notes of what had them. */
export async function removeSetAside(layout: HubCacheLayout): Promise<CancelReceipt> {
  const found = await measureSetAside(layout)
  await rm(rootOf(layout), { recursive: true, force: true })
  await removeFolders(layout)
  return {
    files: found.reduce((sum, { files }) => sum + files, 0),
    bytes: found.reduce((sum, { bytes }) => sum + bytes, 0),
  }
}

function rootOf(layout: HubCacheLayout): string {
  return dirname(setAsideFolder(layout, '0'.repeat(40)))
}

async function removeFolders(layout: HubCacheLayout): Promise<void> {
  if ((await orNullIfAbsent(lstat(rootOf(layout)))) !== null) await removeIfEmpty(rootOf(layout))
  if ((await orNullIfAbsent(lstat(layout.windlass))) !== null) await removeIfEmpty(layout.windlass)
}

async function readNote(
  layout: HubCacheLayout,
  digest: string,
): Promise<z.infer<typeof Note> | null> {
  const path = join(setAsideFolder(layout, digest), 'note.json')
  const text = await orNullIfAbsent(readFile(path, 'utf8'))
  return text === null ? null : Note.parse(JSON.parse(text))
}

/** Every place in any snapshot that links to the blob. */
async function placesOf(layout: HubCacheLayout, digest: string): Promise<readonly SnapshotPlace[]> {
  const places: SnapshotPlace[] = []
  for (const commit of ((await orNullIfAbsent(readdir(layout.snapshots))) ?? []).filter(isCommit)) {
    const folder = layout.snapshot(commit)
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isSymbolicLink()) continue
      const path = join(entry.parentPath, entry.name)
      if (basename((await orNullIfAbsent(readlink(path))) ?? '') !== digest) continue
      places.push({ commit, path: relative(folder, path).split(sep).join('/') })
    }
  }
  return places
}

async function areInPlace(
  layout: HubCacheLayout,
  places: readonly SnapshotPlace[],
  sizeBytes: number,
): Promise<boolean> {
  const sizes = places.map(({ commit, path }) => fileSize(layout.file(commit, path)))
  return (await Promise.all(sizes)).every((size) => size === sizeBytes)
}

/** False when nobody is left who wants the bytes. */
async function anySnapshot(
  layout: HubCacheLayout,
  places: readonly SnapshotPlace[],
): Promise<boolean> {
  for (const commit of new Set(places.map((place) => place.commit))) {
    if ((await orNullIfAbsent(lstat(layout.snapshot(commit)))) !== null) return true
  }
  return false
}

async function restoreLink(
  layout: HubCacheLayout,
  digest: string,
  { commit, path }: SnapshotPlace,
): Promise<void> {
  // A revision that was removed meanwhile stays removed.
  if ((await orNullIfAbsent(lstat(layout.snapshot(commit)))) === null) return
  const at = layout.file(commit, path)
  await mkdir(dirname(at), { recursive: true })
  try {
    await symlink(linkTarget(path, digest), at)
  } catch (error) {
    if (!isSystemError(error, 'EEXIST')) throw error
  }
}

async function moveIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    // A link that leads nowhere has no bytes to be set aside.
    if (!isSystemError(error, 'ENOENT')) throw error
  }
}

function unique(places: readonly SnapshotPlace[]): SnapshotPlace[] {
  return [...new Map(places.map((place) => [`${place.commit}/${place.path}`, place])).values()]
}
