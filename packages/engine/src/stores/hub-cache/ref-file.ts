import { readFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { syncDirectory } from '../../disk/durable-rename.ts'
import { isSystemError } from '../../disk/system-error.ts'
import { writeFileDurably } from '../../disk/write-file-durably.ts'
import { makeFolder } from './folders.ts'
import type { HubCacheLayout } from './layout.ts'

/** True when the branch or tag stands for the commit in this cache. */
export async function refPointsTo(
  layout: HubCacheLayout,
  refName: string,
  commit: string,
): Promise<boolean> {
  try {
    return (await readFile(layout.ref(refName), 'utf8')) === commit
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'EISDIR')) return false
    throw error
  }
}

/**
 * Points a branch or tag at a commit: 40 bytes and no newline, since readers do not
 * strip. Gathered outside `refs/`, where the Python client takes a half-written file
 * for a ref to a commit that is missing, and gives up on the repository.
 */
export async function writeRef(
  layout: HubCacheLayout,
  {
    refName,
    commit,
    mode,
    temporaryPath,
  }: {
    readonly refName: string
    readonly commit: string
    readonly mode: number
    readonly temporaryPath: string
  },
): Promise<void> {
  const path = layout.ref(refName)
  if (await refPointsTo(layout, refName, commit)) return
  await makeFolder(layout.refs)
  let folder = layout.refs
  for (const segment of relative(layout.refs, dirname(path)).split(/[\\/]/).filter(Boolean)) {
    folder = join(folder, segment)
    await makeFolder(folder)
    await syncDirectory(dirname(folder))
  }
  await syncDirectory(layout.repo)
  await writeFileDurably(path, commit, { mode, temporaryPath })
}
