import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isSystemError, orNullIfAbsent } from '../disk/system-error.ts'
import { isWindlassError } from '../errors/windlass-error.ts'
import type { HubRepoType } from '../sources/huggingface/hub-ref.ts'
import { HubCacheLayout } from '../stores/hub-cache/layout.ts'
import type { RepoFolder } from './repo-folder.ts'
import { type ScannedRepo, scanRepo } from './scan-repo.ts'

export interface ScannedCache {
  readonly repos: readonly ScannedRepo[]
  /** Folders that look like repositories and are none, or may not be read. */
  readonly warnings: readonly string[]
}

const FOLDER = /^(model|dataset|space)s--(.+)$/

/** Everything in a cache that we or another client put there; nothing is changed, nothing is hashed. */
export async function scanCache(cacheDir: string): Promise<ScannedCache> {
  const { folders, warnings } = await repoFolders(cacheDir)
  const repos: ScannedRepo[] = []
  const unreadable: string[] = []
  for (const folder of folders) {
    try {
      repos.push(await scanRepo(folder))
    } catch (error) {
      if (!isSystemError(error, 'EACCES', 'EPERM')) throw error
      unreadable.push(`${folder.layout.repoFolder} may not be read by this user`)
    }
  }
  return { repos, warnings: [...warnings, ...unreadable] }
}

/** Folders of repositories in the order of their names; none when there is no cache. */
export async function repoFolders(
  cacheDir: string,
): Promise<{ readonly folders: readonly RepoFolder[]; readonly warnings: readonly string[] }> {
  const names = (await orNullIfAbsent(readdir(cacheDir))) ?? []
  const looked = names.sort().map(async (name) => {
    const [, type, rest] = FOLDER.exec(name) ?? []
    if (type === undefined || rest === undefined) return []
    // A person may have moved a repository to another disk and linked it.
    const isFolder = (await orNullIfAbsent(stat(join(cacheDir, name))))?.isDirectory() === true
    return [{ name, folder: isFolder ? openFolder(cacheDir, { type, rest }) : null }]
  })
  const found = (await Promise.all(looked)).flat()
  const folders = found.flatMap(({ folder }) => folder ?? [])
  const warnings = found
    .filter(({ folder }) => folder === null)
    .map(({ name }) => `${name} is no folder of a repository`)
  return { folders, warnings }
}

function openFolder(
  cacheDir: string,
  { type, rest }: { readonly type: string; readonly rest: string },
): RepoFolder | null {
  const repo = {
    // The pattern allows no other.
    repoType: type as HubRepoType,
    repoId: rest.replaceAll('--', '/'),
  }
  try {
    return { ...repo, layout: new HubCacheLayout(cacheDir, repo) }
  } catch (error) {
    if (isWindlassError(error, 'REF_INVALID')) return null
    throw error
  }
}
