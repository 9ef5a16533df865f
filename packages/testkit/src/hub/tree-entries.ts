import { createHash } from 'node:crypto'
import type { HubFile } from './hub-file.ts'
import type { HubCommit } from './hub-repo.ts'

/** What `expand` adds to an entry. */
export interface ExpandedPart {
  readonly lastCommit: { readonly id: string; readonly title: string; readonly date: string }
  readonly securityFileStatus?: { readonly status: string }
}

/** One entry of the Hub's tree and paths-info answers. */
export type TreeEntry = (
  | {
      readonly type: 'file'
      readonly oid: string
      readonly size: number
      readonly path: string
      readonly lfs?: { readonly oid: string; readonly size: number; readonly pointerSize: number }
      readonly xetHash?: string
    }
  | { readonly type: 'directory'; readonly oid: string; readonly size: 0; readonly path: string }
) &
  Partial<ExpandedPart>

/** The day on which every fake commit was made. */
export const COMMIT_DATE = '2026-01-02T03:04:05.000Z'

/** All files and folders of a commit, by path. */
export function treeEntries(commit: HubCommit): Map<string, TreeEntry> {
  const entries = new Map<string, TreeEntry>()
  addFolder('', [...commit.files.values()], entries)
  return new Map([...entries].toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
}

export function fileEntry(file: HubFile): TreeEntry {
  const { path, oid, lfs } = file
  const size = file.bytes.sizeBytes
  if (lfs === undefined) return { type: 'file', oid, size, path }
  const pointerSize = Buffer.byteLength(lfs.pointer)
  return {
    type: 'file',
    oid,
    size,
    path,
    lfs: { oid: lfs.sha256, size, pointerSize },
    ...(lfs.xetHash === undefined ? {} : { xetHash: lfs.xetHash }),
  }
}

/** The entry with what `expand=true` adds. */
export function expandEntry(entry: TreeEntry, commit: HubCommit): TreeEntry {
  const lastCommit = { id: commit.sha, title: commit.message, date: COMMIT_DATE }
  if (entry.type === 'directory') return { ...entry, lastCommit }
  return { ...entry, lastCommit, securityFileStatus: { status: 'safe' } }
}

/** Adds everything below `folder` and returns git's name of the folder itself. */
function addFolder(folder: string, files: HubFile[], entries: Map<string, TreeEntry>): string {
  const prefix = folder === '' ? '' : `${folder}/`
  const lines: { name: string; line: Buffer }[] = []
  const below = new Map<string, HubFile[]>()
  for (const file of files) {
    const rest = file.path.slice(prefix.length)
    const slash = rest.indexOf('/')
    if (slash === -1) {
      entries.set(file.path, fileEntry(file))
      lines.push({ name: rest, line: gitLine('100644', rest, file.oid) })
    } else {
      const name = rest.slice(0, slash)
      const inside = below.get(name)
      if (inside === undefined) below.set(name, [file])
      else inside.push(file)
    }
  }
  for (const [name, inside] of below) {
    const oid = addFolder(prefix + name, inside, entries)
    entries.set(prefix + name, { type: 'directory', oid, size: 0, path: prefix + name })
    // git sorts a folder as if its name ended in a slash.
    lines.push({ name: `${name}/`, line: gitLine('40000', name, oid) })
  }
  lines.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)))
  const tree = Buffer.concat(lines.map(({ line }) => line))
  return createHash('sha1').update(`tree ${tree.length}\0`).update(tree).digest('hex')
}

function gitLine(mode: string, name: string, oid: string): Buffer {
  return Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(oid, 'hex')])
}
