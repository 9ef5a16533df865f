import { lstat, readdir, readlink, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { CancelReceipt } from '@windlass/contract'
import { syncDirectory } from '../disk/durable-rename.ts'
import { isSystemError, orNullIfAbsent } from '../disk/system-error.ts'
import { makeFolder } from '../stores/hub-cache/folders.ts'
import { isCommit } from '../stores/hub-cache/is-commit.ts'
import { type HubCacheLayout, isBlobName } from '../stores/hub-cache/layout.ts'
import { removeIfEmpty } from '../stores/hub-cache/staging.ts'
import { type NeededBlobs, neededBlobs } from './needed-blobs.ts'

export interface RemovalDeps {
  /** Called for a link that is gone, with what it pointed to; returns the bytes that became free. */
  readonly onUnlinked: (target: string) => Promise<number>
}

/**
 * Where things of a repository go on their way out: `.windlass/.removed/`. A rename takes them
 * from every reader at once, so nobody sees half a snapshot; what a crash leaves here is
 * finished by the next call. The dot keeps the name apart from ids of downloads.
 */
export class RemovalBin {
  readonly receipt = { files: 0, bytes: 0 }
  readonly #layout: HubCacheLayout
  readonly #folder: string
  readonly #deps: RemovalDeps

  constructor(layout: HubCacheLayout, deps: RemovalDeps) {
    this.#layout = layout
    this.#folder = removalFolder(layout)
    this.#deps = deps
  }

  /** Takes a snapshot from its readers. Its refs must be gone: one to nowhere breaks the client. */
  async takeSnapshot(commit: string): Promise<void> {
    if ((await orNullIfAbsent(lstat(this.#layout.snapshot(commit)))) === null) return
    await this.#open()
    await rm(join(this.#folder, commit), { recursive: true, force: true })
    await rename(this.#layout.snapshot(commit), join(this.#folder, commit))
    await syncDirectory(this.#layout.snapshots)
    await syncDirectory(this.#folder)
  }

  /** Removes blobs unless something needs them, by then or in the same moment. */
  async takeBlobs(names: Iterable<string>): Promise<void> {
    const needed = await neededBlobs(this.#layout)
    const taken: string[] = []
    for (const name of names) {
      if (needed.has(name)) continue
      await this.#open()
      if (await moved(this.#layout.blob(name), join(this.#folder, name))) taken.push(name)
    }
    if (taken.length > 0) await this.#settle(taken, await neededBlobs(this.#layout))
  }

  /** Finishes everything that is here, and removes the folder. */
  async empty(): Promise<CancelReceipt> {
    const names = (await orNullIfAbsent(readdir(this.#folder))) ?? []
    if (names.length > 0)
      await this.#settle(names.filter(isBlobName), await neededBlobs(this.#layout))
    for (const commit of names.filter(isCommit)) {
      const folder = join(this.#folder, commit)
      // A blob's name may look like a commit; it is settled by now.
      if ((await orNullIfAbsent(lstat(folder)))?.isDirectory() !== true) continue
      await this.takeBlobs(await blobsLinkedIn(folder))
      await this.#removeSnapshot(commit, folder)
    }
    await removeIfEmpty(this.#folder)
    await removeIfEmpty(this.#layout.windlass)
    return this.receipt
  }

  /**
   * Removes taken blobs for good. One that somebody began to count on between the two looks is
   * put back: whoever links to a blob notes it before, and looks for the blob after.
   */
  async #settle(names: readonly string[], needed: NeededBlobs): Promise<void> {
    for (const name of names) {
      const at = join(this.#folder, name)
      const entry = await orNullIfAbsent(lstat(at))
      if (entry === null || entry.isDirectory()) continue
      const home = this.#layout.blob(name)
      if (needed.has(name) && (await orNullIfAbsent(lstat(home))) === null) {
        await rename(at, home)
        continue
      }
      // Relative to the folder where it was.
      const target = entry.isSymbolicLink() ? resolve(dirname(home), await readlink(at)) : null
      await rm(at, { force: true })
      this.#count(target === null ? entry.size : await this.#deps.onUnlinked(target))
    }
  }

  /** The folder goes last: as long as it is there, there is something left to do. */
  async #removeSnapshot(commit: string, folder: string): Promise<void> {
    const files = (await entriesBelow(folder)).filter(({ isFile }) => isFile)
    // Unless somebody has brought the revision anew.
    if ((await orNullIfAbsent(lstat(this.#layout.snapshot(commit)))) === null) {
      await rm(this.#layout.tree(commit), { force: true })
      await rm(join(this.#layout.repo, '.no_exist', commit), { recursive: true, force: true })
      await removeIfEmpty(join(this.#layout.repo, '.no_exist'))
    }
    await rm(folder, { recursive: true, force: true })
    for (const { size } of files) this.#count(size)
  }

  async #open(): Promise<void> {
    await makeFolder(this.#layout.windlass)
    await makeFolder(this.#folder)
  }

  #count(bytes: number): void {
    this.receipt.files += 1
    this.receipt.bytes += bytes
  }
}

/** Where the things of a repository are on their way out; absent when there are none. */
export function removalFolder(layout: HubCacheLayout): string {
  return join(layout.windlass, '.removed')
}

async function moved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to)
    return true
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return false
    throw error
  }
}

async function blobsLinkedIn(folder: string): Promise<ReadonlySet<string>> {
  const names = new Set<string>()
  for (const { path, isLink } of await entriesBelow(folder)) {
    const name = isLink ? basename((await orNullIfAbsent(readlink(path))) ?? '') : ''
    if (isBlobName(name)) names.add(name)
  }
  return names
}

async function entriesBelow(folder: string) {
  const entries = await orNullIfAbsent(readdir(folder, { recursive: true, withFileTypes: true }))
  const found = (entries ?? [])
    .filter((entry) => !entry.isDirectory())
    .map(async (entry) => {
      const path = join(entry.parentPath, entry.name)
      const size = entry.isFile() ? ((await orNullIfAbsent(lstat(path)))?.size ?? 0) : 0
      return { path, size, isFile: entry.isFile(), isLink: entry.isSymbolicLink() }
    })
  return Promise.all(found)
}
