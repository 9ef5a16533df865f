import { chmod, constants, copyFile, lstat, readlink, rename, rm, symlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncFile } from '../../disk/durable-rename.ts'
import { isSystemError, orNullIfAbsent } from '../../disk/system-error.ts'
import { fileSize } from './file-size.ts'
import { makeFolder } from './folders.ts'
import { type HubCacheLayout, linkTarget } from './layout.ts'
import type { Staging } from './staging.ts'

/**
 * The entries of one snapshot folder. Each appears at once and complete: a broken
 * link or half a file there makes the Python client give up on the whole repository.
 */
export class SnapshotFiles {
  readonly #layout: HubCacheLayout
  readonly #commit: string
  readonly #staging: Staging
  readonly #folders = new Map<string, Promise<void>>()
  #copies = 0

  constructor(layout: HubCacheLayout, commit: string, staging: Staging) {
    this.#layout = layout
    this.#commit = commit
    this.#staging = staging
  }

  /** Folders that have been written to, deepest first. */
  touchedFolders(): readonly string[] {
    return [...this.#folders.keys()].sort((a, b) => b.length - a.length)
  }

  /** True when the path is the very link that we would make. */
  async isLinked(path: string, blobName: string): Promise<boolean> {
    try {
      return (await readlink(this.#at(path))) === linkTarget(path, blobName)
    } catch (error) {
      if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'EINVAL')) return false
      throw error
    }
  }

  /** True when a reader finds a file of this size there. */
  async holds(path: string, sizeBytes: number): Promise<boolean> {
    return (await fileSize(this.#at(path))) === sizeBytes
  }

  /** Links the path to its blob, which must be in place. Whatever else is there is replaced. */
  async link(path: string, blobName: string): Promise<void> {
    const at = this.#at(path)
    const target = linkTarget(path, blobName)
    await this.#makeFolderOf(at)
    try {
      await symlink(target, at)
    } catch (error) {
      if (!isSystemError(error, 'EEXIST')) throw error
      if (await this.isLinked(path, blobName)) return
      const temporary = this.#staging.temporary(`${blobName}.link`)
      await rm(temporary, { force: true })
      await symlink(target, temporary)
      await rename(temporary, at)
    }
  }

  /** Moves a finished file to the path. The file must be on disk, with its final mode. */
  async moveIn(from: string, path: string): Promise<void> {
    const at = this.#at(path)
    await this.#makeFolderOf(at)
    await rename(from, at)
  }

  /** Puts a copy of a complete file at the path, where the file system has no links. */
  async copyIn(from: string, path: string, mode: number): Promise<void> {
    const temporary = this.#staging.temporary(`copy-${this.#copies++}`)
    await rm(temporary, { force: true })
    await copyFile(from, temporary, constants.COPYFILE_FICLONE)
    await chmod(temporary, mode)
    await syncFile(temporary)
    await this.moveIn(temporary, path)
  }

  /** Takes a link of ours away again whose blob has vanished. */
  async unlink(path: string): Promise<void> {
    const entry = await orNullIfAbsent(lstat(this.#at(path)))
    if (entry?.isSymbolicLink() === true) await rm(this.#at(path), { force: true })
  }

  #at(path: string): string {
    return this.#layout.file(this.#commit, path)
  }

  #makeFolderOf(file: string): Promise<void> {
    return this.#makeFolder(dirname(file))
  }

  /** Makes each folder once, from `snapshots/` down; later calls wait for the first. */
  #makeFolder(folder: string): Promise<void> {
    const known = this.#folders.get(folder)
    if (known !== undefined) return known
    const parent = folder === this.#layout.snapshots ? null : dirname(folder)
    const made = (parent === null ? Promise.resolve() : this.#makeFolder(parent))
      .then(() => makeFolder(folder))
      .catch((error: unknown) => {
        this.#folders.delete(folder)
        throw error
      })
    this.#folders.set(folder, made)
    return made
  }
}
