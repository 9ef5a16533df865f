import { chmod, rename, stat, unlink } from 'node:fs/promises'
import type { DirectorySyncs } from '../../disk/directory-syncs.ts'
import { syncFile } from '../../disk/durable-rename.ts'
import { isSystemError, orNullIfAbsent } from '../../disk/system-error.ts'
import { WindlassError } from '../../errors/windlass-error.ts'
import type { HubCachePlacement } from '../placement.ts'
import type { CallOptions, Claim, StagedFile, StoreSession, TransferUnit } from '../store.ts'
import type { BlobLocks } from './blob-locks.ts'
import { blobOf } from './blob-of.ts'
import { finishSnapshot } from './finish-snapshot.ts'
import type { HubCacheLayout } from './layout.ts'
import type { ManifestEntry } from './manifest.ts'
import type { NameCollisions } from './name-collisions.ts'
import { findBytes, type Presence, xetHashesOf } from './presence.ts'
import type { SharedBlobs } from './shared-blobs.ts'
import { SnapshotFiles } from './snapshot-files.ts'
import type { Staging } from './staging.ts'

/**
 * Smaller files are fetched without a lock: one costs 3-4 ms, more than the second
 * fetch that it saves now and then, and publication is an atomic rename anyway.
 */
const SMALLEST_LOCKED_BYTES = 4 * 1024 * 1024

export interface HubCacheSessionDeps {
  readonly layout: HubCacheLayout
  readonly placement: HubCachePlacement
  readonly staging: Staging
  /** Mode of published files: what the umask leaves of 0666. */
  readonly fileMode: number
  /** False where files in a snapshot are copies, not links. */
  readonly useLinks: boolean
  /** Null on a file system that tells upper from lower case. */
  readonly collisions: NameCollisions | null
  readonly locks: BlobLocks
  readonly shared: SharedBlobs
  readonly directorySyncs: DirectorySyncs
  readonly now: () => number
}

/** One download's work in the cache. Holds no descriptor between calls, except in a claim. */
export class HubCacheSession implements StoreSession {
  readonly #deps: HubCacheSessionDeps
  readonly #snapshot: SnapshotFiles
  readonly #xetHashes: ReadonlyMap<string, string>
  /** Sizes of the files that this session made visible, by path. */
  readonly #visible = new Map<string, number>()

  constructor(deps: HubCacheSessionDeps) {
    this.#deps = deps
    this.#snapshot = new SnapshotFiles(deps.layout, deps.placement.commit, deps.staging)
    this.#xetHashes = xetHashesOf(deps.placement)
  }

  async claim(
    unit: TransferUnit,
    { signal, onWait }: CallOptions & { readonly onWait: () => void },
  ): Promise<Claim> {
    signal.throwIfAborted()
    this.#deps.collisions?.claim(unit.paths)
    const release = await this.#lock(unit, signal, onWait)
    try {
      if ((await this.#find(unit)) !== null) {
        release()
        return { kind: 'present' }
      }
      return { kind: 'staged', staged: this.#deps.staging.staged(blobOf(unit).name), release }
    } catch (error) {
      release()
      throw error
    }
  }

  adopt(unit: TransferUnit): Promise<void> {
    return this.#noticingLoss(() => this.#adopt(unit))
  }

  publish(unit: TransferUnit, staged: StagedFile): Promise<void> {
    return this.#noticingLoss(async () => {
      this.#deps.collisions?.claim(unit.paths)
      if (this.#deps.useLinks) await this.#publishBlob(unit, staged)
      else await this.#publishFiles(unit, staged)
      // A small file has none; `rm` would look twice for it.
      await orNullIfAbsent(unlink(staged.journalPath))
    })
  }

  finish(): Promise<string> {
    const { layout, placement, staging, fileMode, now } = this.#deps
    return this.#noticingLoss(async () => {
      await this.#requireAllVisible()
      const touchedFolders = this.#snapshot.touchedFolders()
      await finishSnapshot(layout, { placement, staging, fileMode, now, touchedFolders })
      return layout.snapshot(placement.commit)
    })
  }

  async #lock(unit: TransferUnit, signal: AbortSignal, onWait: () => void): Promise<() => void> {
    const { name, sizeBytes } = blobOf(unit)
    if (sizeBytes < SMALLEST_LOCKED_BYTES) return () => undefined
    const { layout, locks } = this.#deps
    return await locks.take(layout.lock(name), 0o664, { signal, onWait })
  }

  async #publishBlob(unit: TransferUnit, { partPath }: StagedFile): Promise<void> {
    const { layout, staging, fileMode, directorySyncs } = this.#deps
    const { name } = blobOf(unit)
    const unlinked = await this.#unlinked(unit, name)
    await staging.manifest.append('made', [
      { kind: 'blob', name },
      ...unlinked.map((path) => this.#linkEntry(path, name)),
    ])
    await syncFile(partPath)
    await chmod(partPath, fileMode)
    // Replaces a damaged blob, or a link into the shared store, without touching what it points to.
    await rename(partPath, layout.blob(name))
    // Before the links: a power cut must not leave a link whose blob has no name yet.
    await directorySyncs.sync(layout.blobs)
    await this.#link(unit, name, unlinked)
  }

  async #publishFiles(unit: TransferUnit, { partPath }: StagedFile): Promise<void> {
    const { staging, fileMode } = this.#deps
    const [first, ...others] = unit.paths
    if (first === undefined) throw new TypeError('a unit without a path')
    await staging.manifest.append('made', [this.#fileEntry(first, unit)])
    await syncFile(partPath)
    await chmod(partPath, fileMode)
    await this.#snapshot.moveIn(partPath, first)
    this.#see(unit, first)
    await this.#copyTo(others, unit, this.#pathOf(first))
  }

  async #adopt(unit: TransferUnit): Promise<void> {
    this.#deps.collisions?.claim(unit.paths)
    const found = await this.#find(unit)
    if (found === null) throw lost(unit.file.path)
    if (found.kind === 'file') {
      await this.#copyTo(unit.paths, unit, this.#pathOf(found.path))
      return
    }
    const { name } = blobOf(unit)
    if (found.kind === 'shared') await this.#linkShared(unit, found)
    else await this.#deps.staging.manifest.append('uses', [{ kind: 'blob', name }])
    if (this.#deps.useLinks) await this.#linkExisting(unit, name)
    else await this.#copyTo(unit.paths, unit, this.#deps.layout.blob(name))
  }

  async #linkShared(unit: TransferUnit, { xetHash }: Presence & { kind: 'shared' }): Promise<void> {
    const { layout, staging, shared, directorySyncs } = this.#deps
    const { name: blobName, sizeBytes } = blobOf(unit)
    await staging.manifest.append('made', [{ kind: 'blob', name: blobName }])
    const temporaryPath = staging.temporary(`${blobName}.shared`)
    const linked = await shared.link(xetHash, { layout, blobName, sizeBytes, temporaryPath })
    if (!linked) throw lost(unit.file.path)
    await directorySyncs.sync(layout.blobs)
  }

  async #linkExisting(unit: TransferUnit, name: string): Promise<void> {
    const unlinked = await this.#unlinked(unit, name)
    const entries = unlinked.map((path) => this.#linkEntry(path, name))
    await this.#deps.staging.manifest.append('made', entries)
    await this.#link(unit, name, unlinked)
    // Another program may have removed the blob just before it could see our link.
    if ((await this.#find(unit)) !== null) return
    for (const path of unlinked) await this.#snapshot.unlink(path)
    throw lost(unit.file.path)
  }

  /** The paths of the unit that are no link to its blob; the others are noted as counted on. */
  async #unlinked(unit: TransferUnit, name: string): Promise<readonly string[]> {
    const unlinked: string[] = []
    const used: ManifestEntry[] = []
    for (const path of unit.paths) {
      if (await this.#snapshot.isLinked(path, name)) used.push(this.#linkEntry(path, name))
      else unlinked.push(path)
    }
    await this.#deps.staging.manifest.append('uses', used)
    return unlinked
  }

  async #link(unit: TransferUnit, name: string, paths: readonly string[]): Promise<void> {
    for (const path of paths) await this.#snapshot.link(path, name)
    for (const path of unit.paths) this.#see(unit, path)
  }

  async #copyTo(paths: readonly string[], unit: TransferUnit, from: string): Promise<void> {
    const { staging, fileMode } = this.#deps
    const { sizeBytes } = blobOf(unit)
    for (const path of paths) {
      const entry = this.#fileEntry(path, unit)
      if (await this.#snapshot.holds(path, sizeBytes)) {
        await staging.manifest.append('uses', [entry])
      } else {
        await staging.manifest.append('made', [entry])
        await this.#snapshot.copyIn(from, path, fileMode)
      }
      this.#see(unit, path)
    }
  }

  /** What was put in place may have been removed by a person or another program since. */
  async #requireAllVisible(): Promise<void> {
    for (const [path, sizeBytes] of this.#visible) {
      if (!(await this.#snapshot.holds(path, sizeBytes))) throw lost(path)
    }
  }

  /** Folders and files that we made do not vanish by themselves. */
  async #noticingLoss<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (!isSystemError(error, 'ENOENT', 'ENOTDIR')) throw error
      const { cache } = this.#deps.layout
      // Trying again would make the folders anew, on the disk below the mount point.
      if ((await orNullIfAbsent(stat(cache))) === null) {
        throw new WindlassError('VOLUME_GONE', { detail: cache, cause: error })
      }
      throw lost(error.path ?? '', error)
    }
  }

  #find(unit: TransferUnit): Promise<Presence | null> {
    return findBytes(unit, { ...this.#deps, xetHashes: this.#xetHashes })
  }

  #see(unit: TransferUnit, path: string): void {
    this.#visible.set(path, blobOf(unit).sizeBytes)
  }

  #pathOf(path: string): string {
    return this.#deps.layout.file(this.#deps.placement.commit, path)
  }

  #linkEntry(path: string, blob: string): ManifestEntry {
    return { kind: 'link', commit: this.#deps.placement.commit, path, blob }
  }

  #fileEntry(path: string, unit: TransferUnit): ManifestEntry {
    const { sizeBytes } = blobOf(unit)
    return { kind: 'file', commit: this.#deps.placement.commit, path, sizeBytes }
  }
}

function lost(path: string, cause?: unknown): WindlassError {
  return new WindlassError('STORE_CHANGED', { detail: path, cause })
}
