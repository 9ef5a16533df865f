import type { Stats } from 'node:fs'
import { readdir, readFile, readlink, stat } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { isSystemError, orNullIfAbsent } from '../disk/system-error.ts'
import { isCommit } from '../stores/hub-cache/is-commit.ts'
import { isDownloadId } from '../stores/hub-cache/layout.ts'
import { Staging } from '../stores/hub-cache/staging.ts'
import type { RepoFolder } from './repo-folder.ts'

/** A file of a snapshot. Those with the same `blob` have the same bytes. */
export interface ScannedFile {
  /** Where the bytes are: what a link in the snapshot points to, or the file itself. */
  readonly blob: string
  /** null when the link leads nowhere. */
  readonly stats: Stats | null
}

export interface ScannedRevision {
  readonly commit: string
  /** Branches and tags, sorted. */
  readonly refs: readonly string[]
  /** By path in the repository; null when refs point to a snapshot that is not there. */
  readonly files: ReadonlyMap<string, ScannedFile> | null
}

export interface ScannedRepo extends RepoFolder {
  readonly revisions: readonly ScannedRevision[]
  /** Bytes of unfinished files by the id of their download. */
  readonly staged: ReadonlyMap<string, number>
}

/** Reads one repository folder: refs, snapshots with the sizes of their files, unfinished bytes. */
export async function scanRepo(folder: RepoFolder): Promise<ScannedRepo> {
  const { layout } = folder
  const refs = await readRefs(layout.refs)
  const names = (await orNullIfAbsent(readdir(layout.snapshots))) ?? []
  const known = new Map<string, Promise<Stats | null>>()
  const commits = new Set([...names.filter(isCommit).toSorted(), ...refs.keys()])
  const revisions: ScannedRevision[] = []
  for (const commit of commits) {
    const files = await readSnapshot(layout.snapshot(commit), known)
    revisions.push({ commit, refs: (refs.get(commit) ?? []).sort(), files })
  }
  return { ...folder, revisions, staged: await readStaged(folder) }
}

/** Names of branches and tags by the commit that they stand for. */
async function readRefs(folder: string): Promise<Map<string, string[]>> {
  const entries = await orNullIfAbsent(readdir(folder, { recursive: true, withFileTypes: true }))
  const refs = new Map<string, string[]>()
  for (const entry of entries ?? []) {
    if (entry.isDirectory()) continue
    const path = join(entry.parentPath, entry.name)
    const commit = (await orNullIfAbsent(readFile(path, 'utf8')))?.trim() ?? ''
    if (!isCommit(commit)) continue
    const name = relative(folder, path).split(sep).join('/')
    refs.set(commit, [...(refs.get(commit) ?? []), name])
  }
  return refs
}

async function readSnapshot(
  folder: string,
  known: Map<string, Promise<Stats | null>>,
): Promise<Map<string, ScannedFile> | null> {
  const entries = await orNullIfAbsent(readdir(folder, { recursive: true, withFileTypes: true }))
  if (entries === null) return null
  const files = new Map<string, ScannedFile>()
  const found = entries
    .filter((entry) => !entry.isDirectory())
    .map(async (entry) => {
      const path = join(entry.parentPath, entry.name)
      const blob = entry.isSymbolicLink() ? await firstHop(path) : path
      if (blob === null) return
      const asked = known.get(blob) ?? statOf(blob)
      known.set(blob, asked)
      const stats = await asked
      if (stats?.isDirectory() === true) return
      files.set(relative(folder, path).split(sep).join('/'), { blob, stats })
    })
  await Promise.all(found)
  return files
}

/** Where a link points, not following further: a blob may itself be a link into the shared store. */
async function firstHop(path: string): Promise<string | null> {
  const target = await orNullIfAbsent(readlink(path))
  return target === null ? null : resolve(dirname(path), target)
}

async function statOf(path: string): Promise<Stats | null> {
  try {
    return await stat(path)
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return null
    throw error
  }
}

async function readStaged({ layout }: RepoFolder): Promise<Map<string, number>> {
  const names = (await orNullIfAbsent(readdir(layout.windlass))) ?? []
  const staged = new Map<string, number>()
  for (const id of names.filter(isDownloadId)) {
    const parts = await new Staging(layout, id).parts()
    staged.set(
      id,
      parts.reduce((sum, { bytes }) => sum + bytes, 0),
    )
  }
  return staged
}
