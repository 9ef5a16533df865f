import type { CancelReceipt } from '@windlass/contract'
import type { ScannedRepo, ScannedRevision } from './scan-repo.ts'

/** The files that some revisions of a repository have and none of the others, each blob once. */
export function onlyIn(
  { revisions }: Pick<ScannedRepo, 'revisions'>,
  isMeant: (revision: ScannedRevision) => boolean,
): CancelReceipt {
  const kept = new Set<string>()
  const sizes = new Map<string, number>()
  for (const revision of revisions.toSorted((a, b) => Number(isMeant(a)) - Number(isMeant(b)))) {
    for (const { blob, stats } of revision.files?.values() ?? []) {
      if (!isMeant(revision)) kept.add(blob)
      else if (!kept.has(blob) && stats !== null) sizes.set(blob, stats.size)
    }
  }
  return { files: sizes.size, bytes: [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0) }
}
