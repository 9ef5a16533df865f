import { lstat, readdir } from 'node:fs/promises'
import { isSystemError, orNullIfAbsent } from '../../disk/system-error.ts'
import { isWindlassError } from '../../errors/windlass-error.ts'
import type { StagingOwner } from '../staging-owner.ts'
import { HubCacheLayout, isDownloadId } from './layout.ts'
import { Staging } from './staging.ts'

const REPO_FOLDER = /^(model|dataset|space)s--(.+)$/

/** One staging folder of a cache, whoever made it. */
export interface StagingFolder {
  readonly layout: HubCacheLayout
  readonly downloadId: string
  readonly folder: string
  /** Null when it cannot be told: then nobody may take it for his. */
  readonly owner: StagingOwner | null
  readonly bytes: number
}

/** All staging folders in a cache, of this home and of others. Changes nothing. */
export async function* stagingFolders(
  cacheDir: string,
): AsyncGenerator<StagingFolder, void, undefined> {
  for (const name of (await orNullIfAbsent(readdir(cacheDir))) ?? []) {
    const layout = layoutOf(cacheDir, name)
    if (layout === null) continue
    for (const downloadId of await foldersIn(layout.windlass)) {
      if (!isDownloadId(downloadId)) continue
      const staging = new Staging(layout, downloadId)
      const owner = await staging.owner()
      const bytes = (await partsOf(staging)).reduce((sum, part) => sum + part.bytes, 0)
      yield { layout, downloadId, folder: staging.folder, owner, bytes }
    }
  }
}

/** Another user's cannot be looked into. */
async function partsOf(staging: Staging): ReturnType<Staging['parts']> {
  try {
    return await staging.parts()
  } catch (error) {
    if (isSystemError(error, 'EACCES', 'EPERM')) return []
    throw error
  }
}

function layoutOf(cacheDir: string, name: string): HubCacheLayout | null {
  const [, repoType, rest] = REPO_FOLDER.exec(name) ?? []
  if (rest === undefined) return null
  if (repoType !== 'model' && repoType !== 'dataset' && repoType !== 'space') return null
  try {
    return new HubCacheLayout(cacheDir, { repoType, repoId: rest.replace('--', '/') })
  } catch (error) {
    // Not a repository of ours: we would not have made such a folder.
    if (isWindlassError(error, 'REF_INVALID')) return null
    throw error
  }
}

/** Folders alone, and not below a link: what lies behind one is not ours. */
async function foldersIn(folder: string): Promise<string[]> {
  try {
    if (!(await lstat(folder)).isDirectory()) return []
    const entries = await readdir(folder, { withFileTypes: true })
    return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))
  } catch (error) {
    // Another user's is his own affair.
    if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'EPERM')) return []
    throw error
  }
}
