import { readFile, utimes } from 'node:fs/promises'
import { syncDirectory } from '../../disk/durable-rename.ts'
import { orNullIfAbsent } from '../../disk/system-error.ts'
import { writeFileDurably } from '../../disk/write-file-durably.ts'
import type { HubCachePlacement } from '../placement.ts'
import { makeFolder } from './folders.ts'
import type { HubCacheLayout } from './layout.ts'
import { writeRef } from './ref-file.ts'
import { removeIfEmpty, type Staging } from './staging.ts'
import { treeFileText } from './tree-file.ts'

export interface FinishOptions {
  readonly placement: HubCachePlacement
  readonly staging: Staging
  readonly fileMode: number
  readonly now: () => number
  /** Folders of the snapshot that were written to, deepest first. */
  readonly touchedFolders: readonly string[]
}

/**
 * Makes a snapshot findable. The ref comes last: one that points to a snapshot that
 * is not there makes the Python client give up on the repository.
 */
export async function finishSnapshot(
  layout: HubCacheLayout,
  { placement, staging, fileMode, now, touchedFolders }: FinishOptions,
): Promise<void> {
  const { commit, refName } = placement
  // A selection may be empty of files that need a folder; the ref needs it all the same.
  await makeFolder(layout.snapshots)
  await makeFolder(layout.snapshot(commit))
  const folders = [...touchedFolders, layout.snapshot(commit), layout.snapshots, layout.repo]
  for (const folder of new Set([...folders, layout.cache])) await syncDirectory(folder)
  await writeTree(layout, { placement, staging, now })
  if (refName !== null) {
    const temporaryPath = staging.temporary('ref')
    await writeRef(layout, { refName, commit, mode: fileMode, temporaryPath })
  }
  await staging.remove()
  await removeIfEmpty(layout.windlass)
}

async function writeTree(
  layout: HubCacheLayout,
  { placement, staging, now }: Pick<FinishOptions, 'placement' | 'staging' | 'now'>,
): Promise<void> {
  const { commit, tree } = placement
  const path = layout.tree(commit)
  const text = treeFileText(tree)
  if ((await orNullIfAbsent(readFile(path, 'utf8'))) === text) {
    // Tells the clean-up of a download that runs beside us that somebody has finished here.
    const seconds = now() / 1000
    await utimes(path, seconds, seconds)
    return
  }
  await makeFolder(layout.trees)
  await syncDirectory(layout.repo)
  await staging.manifest.append('made', [{ kind: 'tree', commit }])
  // 0600 is what the Python client's mkstemp leaves.
  await writeFileDurably(path, text, { mode: 0o600, temporaryPath: staging.temporary('tree') })
}
