import { lstat, open, readdir, readFile, rm, rmdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { syncDirectory } from '../../disk/durable-rename.ts'
import { makeFoldersDurably } from '../../disk/make-folders-durably.ts'
import { isSystemError, orNullIfAbsent } from '../../disk/system-error.ts'
import type { StagingOwner } from '../staging-owner.ts'
import type { StagedFile } from '../store.ts'
import { makeFolder, makeFolderOrLink } from './folders.ts'
import type { HubCacheLayout } from './layout.ts'
import { Manifest } from './manifest.ts'

const BEGUN = 'begun'
const OWNER = 'owner'
const PART = '.part'
const Owner = z.object({ homeId: z.string(), home: z.string() })

/** Folder of a download's unfinished bytes: `<repo>/.windlass/<download id>/`, for its owner only. */
export class Staging {
  readonly folder: string
  readonly manifest: Manifest

  constructor(layout: HubCacheLayout, downloadId: string) {
    this.folder = layout.staging(downloadId)
    this.manifest = new Manifest(this.folder)
  }

  staged(blobName: string): StagedFile {
    return {
      partPath: join(this.folder, `${blobName}${PART}`),
      journalPath: join(this.folder, `${blobName}.journal`),
    }
  }

  /** A name for something that is made here and renamed into the cache. */
  temporary(name: string): string {
    return join(this.folder, `${name}.tmp`)
  }

  /**
   * A file that is made first and never written again: its time tells what in the
   * cache is younger than the download, its mode what the umask leaves of 0666.
   */
  async begun(): Promise<{ readonly atMs: number; readonly mode: number } | null> {
    const entry = await orNullIfAbsent(lstat(join(this.folder, BEGUN)))
    return entry === null ? null : { atMs: entry.mtimeMs, mode: entry.mode & 0o777 }
  }

  /** Whose it is; null when that cannot be told. */
  async owner(): Promise<StagingOwner | null> {
    try {
      const text = await readFile(join(this.folder, OWNER), 'utf8')
      return Owner.safeParse(JSON.parse(text)).data ?? null
    } catch (error) {
      // Cut short, not there, or another user's.
      if (error instanceof SyntaxError) return null
      if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'EPERM')) return null
      throw error
    }
  }

  /** True when the file system takes `a` and `A` for the same name. */
  async ignoresCase(): Promise<boolean> {
    return (await orNullIfAbsent(lstat(join(this.folder, BEGUN.toUpperCase())))) !== null
  }

  /** True when links can be made on this file system. */
  async takesLinks(): Promise<boolean> {
    const probe = this.temporary('link-probe')
    try {
      await rm(probe, { force: true })
      await symlink(BEGUN, probe)
      await rm(probe)
      return true
    } catch (error) {
      if (isSystemError(error, 'EPERM', 'EACCES', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP')) return false
      throw error
    }
  }

  /** Unfinished files with the bytes they take up: a part may have its full length long before its bytes. */
  async parts(): Promise<readonly { readonly path: string; readonly bytes: number }[]> {
    const names = (await orNullIfAbsent(readdir(this.folder))) ?? []
    const parts = names
      .filter((name) => name.endsWith(PART))
      .map(async (name) => {
        const path = join(this.folder, name)
        const entry = await orNullIfAbsent(lstat(path))
        return entry === null ? [] : [{ path, bytes: Math.min(entry.blocks * 512, entry.size) }]
      })
    return (await Promise.all(parts)).flat()
  }

  /** Removes the folder. What the manifest knows must be done by now. */
  async remove(): Promise<void> {
    const names = (await orNullIfAbsent(readdir(this.folder))) ?? []
    const last = [this.manifest.path, join(this.folder, BEGUN), join(this.folder, OWNER)]
    for (const path of [...names.map((name) => join(this.folder, name)), ...last]) {
      if (!last.includes(path)) await rm(path, { recursive: true, force: true })
    }
    for (const path of last) await rm(path, { force: true })
    await removeIfEmpty(this.folder)
  }
}

/** Says whose a staging folder is; written before anything else is put there. */
async function markStaging(folder: string, owner: StagingOwner): Promise<void> {
  await writeFile(join(folder, OWNER), JSON.stringify(owner), { mode: 0o600 })
}

/** Removes a folder unless something is in it. Returns true when it is gone. */
export async function removeIfEmpty(folder: string): Promise<boolean> {
  try {
    await rmdir(folder)
    return true
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return true
    if (isSystemError(error, 'ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'EBUSY')) return false
    throw error
  }
}

/** Makes the staging folder, or takes up the one that a download left. */
export async function openStaging(
  layout: HubCacheLayout,
  downloadId: string,
  owner: StagingOwner,
): Promise<Staging> {
  const staging = new Staging(layout, downloadId)
  for (let attempt = 1; ; attempt++) {
    try {
      await makeFolders(layout, staging, owner)
      return staging
    } catch (error) {
      // A clean-up of another download may remove a folder while it is still empty.
      if (attempt === 3 || !isSystemError(error, 'ENOENT')) throw error
    }
  }
}

async function makeFolders(
  layout: HubCacheLayout,
  staging: Staging,
  owner: StagingOwner,
): Promise<void> {
  await makeFoldersDurably(layout.cache)
  await makeFolderOrLink(layout.repo)
  // First, because the Python client warns of a repository folder without it.
  await makeFolder(layout.snapshots)
  await makeFolder(layout.blobs)
  await makeFolder(layout.windlass)
  await makeFolder(staging.folder, 0o700)
  await markStaging(staging.folder, owner)
  try {
    await (await open(join(staging.folder, BEGUN), 'wx', 0o666)).close()
  } catch (error) {
    if (!isSystemError(error, 'EEXIST')) throw error
  }
  await staging.manifest.mend()
  for (const folder of [layout.cache, layout.repo, layout.windlass, staging.folder]) {
    await syncDirectory(folder)
  }
}
