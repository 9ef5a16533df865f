import type { HubTreeFile } from '../stores/placement.ts'
import type { ScannedRevision } from './scan-repo.ts'

/** What is there of a revision, and what is not. */
export interface RevisionVerdict {
  readonly files: number
  /** Bytes on the disk, each blob once. */
  readonly sizeBytes: number
  /** By the listing; null without one. */
  readonly filesTotal: number | null
  readonly totalBytes: number | null
  /** Files that are absent, lead nowhere, or have another size than the listing says. */
  readonly filesMissing: number
  /** Nothing is known to be missing, and there is something, or nothing to be there. */
  readonly isWhole: boolean
}

/** Compares a snapshot with its listing by names and sizes; looks at no byte. */
export function judgeRevision(
  { files }: Pick<ScannedRevision, 'files'>,
  tree: readonly HubTreeFile[] | null,
): RevisionVerdict {
  const found = [...(files?.values() ?? [])]
  const sizes = new Map(found.map(({ blob, stats }) => [blob, stats?.size ?? 0]))
  const broken = found.filter(({ stats }) => stats === null).length
  const there = {
    files: found.length - broken,
    sizeBytes: [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0),
  }
  if (tree === null) {
    const isWhole = found.length > 0 && broken === 0
    return { ...there, filesTotal: null, totalBytes: null, filesMissing: broken, isWhole }
  }
  const lacking = tree.filter(
    ({ path, sizeBytes }) => files?.get(path)?.stats?.size !== sizeBytes,
  ).length
  return {
    ...there,
    filesTotal: tree.length,
    totalBytes: bytesOf(tree),
    filesMissing: lacking,
    isWhole: files !== null && lacking === 0,
  }
}

/** Bytes of a listing; files with the same content count once, as in the cache. */
function bytesOf(tree: readonly HubTreeFile[]): number {
  const sizes = new Map(tree.map((file) => [file.lfs?.sha256 ?? file.blobId, file.sizeBytes]))
  return [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0)
}
