import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { CancelReceipt } from '@windlass/contract'
import { DirectorySyncs } from '../../disk/directory-syncs.ts'
import { orNullIfAbsent } from '../../disk/system-error.ts'
import type { Logger } from '../../ports.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { HubCachePlacement, Placement } from '../placement.ts'
import type { StagingOwner } from '../staging-owner.ts'
import type { Store, StoreSession, TransferUnit } from '../store.ts'
import { BlobLocks } from './blob-locks.ts'
import { blobOf } from './blob-of.ts'
import { tagCacheDir } from './cachedir-tag.ts'
import { cleanUpDownload } from './clean-up.ts'
import { fileSize } from './file-size.ts'
import { HubCacheSession } from './hub-cache-session.ts'
import { HubCacheLayout } from './layout.ts'
import { NameCollisions } from './name-collisions.ts'
import { findBytes, xetHashesOf } from './presence.ts'
import { refPointsTo } from './ref-file.ts'
import { requireRoot } from './require-root.ts'
import { SharedBlobs } from './shared-blobs.ts'
import { openStaging, Staging } from './staging.ts'
import { sweepStaging } from './sweep-staging.ts'

export interface HubCacheOptions {
  /** The cache's root, absolute; made when it is first needed. */
  readonly cacheDir: string
  /** False with HF_HUB_DISABLE_SYMLINKS: snapshots then hold the files themselves. */
  readonly symlinks: boolean
  /** Marks what this home makes. */
  readonly owner: StagingOwner
  readonly clock: Pick<Clock, 'now' | 'sleep'>
  readonly log: Pick<Logger, 'debug' | 'info'>
}

/**
 * The standard Hugging Face cache. What it writes `huggingface_hub` reads without a
 * warning or a request, at every moment in between too; what that wrote, it recognises.
 */
export function createHubCacheStore(options: HubCacheOptions): Store {
  return new HubCacheStore(options)
}

class HubCacheStore implements Store {
  readonly id = 'hub-cache'
  readonly #options: HubCacheOptions
  readonly #cacheDir: string
  readonly #locks: BlobLocks
  readonly #shared: SharedBlobs
  readonly #directorySyncs = new DirectorySyncs()
  #linksWork: Promise<boolean> | undefined

  constructor(options: HubCacheOptions) {
    this.#options = options
    this.#cacheDir = resolve(options.cacheDir)
    this.#locks = new BlobLocks(options)
    this.#shared = new SharedBlobs(this.#cacheDir, this.#locks, { enabled: options.symlinks })
  }

  destination(placement: Placement): string {
    return this.#layout(placement).snapshot(placement.commit)
  }

  async volume(placement: Placement): Promise<string> {
    let folder = this.#layout(placement).repo
    while ((await orNullIfAbsent(stat(folder)))?.isDirectory() !== true) folder = dirname(folder)
    return folder
  }

  async survey(placement: Placement, units: readonly TransferUnit[]): Promise<ReadonlySet<string>> {
    const xetHashes = xetHashesOf(placement)
    const where = { layout: this.#layout(placement), placement, shared: this.#shared, xetHashes }
    const found = await Promise.all(
      units.map(async (unit) => ((await findBytes(unit, where)) === null ? [] : [unit.key])),
    )
    return new Set(found.flat())
  }

  async isComplete(placement: Placement, units: readonly TransferUnit[]): Promise<boolean> {
    const layout = this.#layout(placement)
    const { commit, refName } = placement
    if ((await fileSize(layout.tree(commit))) === null) return false
    if (refName !== null && !(await refPointsTo(layout, refName, commit))) return false
    const files = units.flatMap((unit) => {
      const { sizeBytes } = blobOf(unit)
      return unit.paths.map((path) => ({ at: layout.file(commit, path), sizeBytes }))
    })
    const whole = files.map(async ({ at, sizeBytes }) => (await fileSize(at)) === sizeBytes)
    return (await Promise.all(whole)).every(Boolean)
  }

  async open(
    placement: Placement,
    downloadId: string,
    { begun } = { begun: false },
  ): Promise<StoreSession> {
    if (begun) await requireRoot(this.#cacheDir)
    const layout = this.#layout(placement)
    const staging = await openStaging(layout, downloadId, this.#options.owner)
    await tagCacheDir(this.#cacheDir, this.#options.log)
    return new HubCacheSession({
      layout,
      placement,
      staging,
      fileMode: (await staging.begun())?.mode ?? 0o600,
      useLinks: this.#options.symlinks && (await this.#probeLinks(staging)),
      collisions: (await staging.ignoresCase()) ? new NameCollisions() : null,
      locks: this.#locks,
      shared: this.#shared,
      directorySyncs: this.#directorySyncs,
      now: () => this.#options.clock.now(),
    })
  }

  async stagedBytes(placement: Placement, downloadId: string): Promise<number> {
    const parts = await new Staging(this.#layout(placement), downloadId).parts()
    return parts.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  cleanUp(placement: Placement, downloadId: string): Promise<CancelReceipt> {
    return cleanUpDownload(this.#layout(placement), downloadId, placement.commit)
  }

  sweep(isOwned: (downloadId: string) => Promise<boolean>): Promise<CancelReceipt> {
    return sweepStaging(this.#cacheDir, this.#options.owner, isOwned)
  }

  #layout(placement: HubCachePlacement): HubCacheLayout {
    return new HubCacheLayout(this.#cacheDir, placement)
  }

  /** Asked once for the cache; a probe that fails is no answer. */
  async #probeLinks(staging: Staging): Promise<boolean> {
    this.#linksWork ??= staging.takesLinks().catch((error: unknown) => {
      this.#linksWork = undefined
      throw error
    })
    return await this.#linksWork
  }
}
