import { lstat } from 'node:fs/promises'
import type { DamagedFile, VerifyProgress, VerifyReport } from '@windlass/contract'
import { orNullIfAbsent } from '../disk/system-error.ts'
import { WindlassError } from '../errors/windlass-error.ts'
import type { Clock } from '../runtime/clock.ts'
import type { CallOptions } from '../sources/source.ts'
import type { HubTreeFile } from '../stores/placement.ts'
import type { Hashing } from '../verification/hasher.ts'
import { type CheckedFile, checkFiles } from './check-files.ts'
import { type HubListingDeps, listingOf } from './hub-listing.ts'
import { type ModelId, modelName, repoName } from './model-name.ts'
import { readTreeFile } from './read-tree-file.ts'
import type { RepoFolder } from './repo-folder.ts'
import { type ScannedRevision, scanRepo } from './scan-repo.ts'
import { readSetAside, restoreRepaired, setAside } from './set-aside.ts'

/** More often than this nobody needs to hear of it. */
const SAMPLE_MS = 500

export interface VerifyDeps extends HubListingDeps {
  readonly hashing: Hashing
  readonly clock: Clock
  /** Runs while nothing is removed from the cache. */
  readonly exclusively: <T>(body: () => Promise<T>) => Promise<T>
  /** Starts a download of files of a commit; resolves to its id. */
  readonly startFetch: (
    model: ModelId & { readonly revision: string },
    paths: readonly string[],
  ) => Promise<string>
  /** Resolves when that download is completed. */
  readonly untilFetched: (id: string, options: CallOptions) => Promise<void>
}

export interface VerifyTarget {
  readonly repo: RepoFolder
  readonly revision: ScannedRevision
  readonly repair: boolean
}

export interface VerifyOptions extends CallOptions {
  readonly onProgress: (progress: VerifyProgress) => void
}

/** Checks every byte of a revision that is there, and mends what is wrong when it is asked to. */
export async function verifyModel(
  { repo, revision, repair }: VerifyTarget,
  deps: VerifyDeps,
  options: VerifyOptions,
): Promise<VerifyReport> {
  const startedMs = deps.clock.monotonicMs()
  await deps.exclusively(() => restoreRepaired(repo.layout))
  const model = { repoType: repo.repoType, repoId: repo.repoId, revision: revision.commit }
  const stored = await readTreeFile(repo.layout, revision.commit)
  const listing = await listingOf(model, stored, deps, options)
  const work = new Verification({ repo, commit: revision.commit }, listing.files, deps, options)
  const { checked, damaged, missing } = await work.check(null, 'checking')
  const mended = repair && damaged.length > 0 ? await work.repair(model, damaged) : null
  return {
    model: modelName(repo, revision.commit),
    status: damaged.length === 0 ? 'VERIFIED' : mended === null ? 'DAMAGED' : 'REPAIRED',
    checked_against: listing.from,
    hub_error: listing.hubError,
    files_checked: checked.length,
    bytes_checked: bytesOf(checked),
    damaged: [...damaged],
    missing: [...missing],
    repair: mended,
    elapsed_seconds: Math.round((deps.clock.monotonicMs() - startedMs) / 100) / 10,
  }
}

class Verification {
  readonly #place: { readonly repo: RepoFolder; readonly commit: string }
  readonly #listing: readonly HubTreeFile[]
  readonly #deps: VerifyDeps
  readonly #options: VerifyOptions

  constructor(
    place: { readonly repo: RepoFolder; readonly commit: string },
    listing: readonly HubTreeFile[],
    deps: VerifyDeps,
    options: VerifyOptions,
  ) {
    this.#place = place
    this.#listing = listing
    this.#deps = deps
    this.#options = options
  }

  /** Checks the files of the listing, or of these paths only, that are or should be there. */
  async check(paths: ReadonlySet<string> | null, phase: VerifyProgress['phase']) {
    const { repo, commit } = this.#place
    const { revisions } = await scanRepo(repo)
    const files = revisions.find((revision) => revision.commit === commit)?.files
    const lost = await this.#lostPaths()
    const checked: CheckedFile[] = []
    const missing: string[] = []
    for (const entry of this.#listing) {
      if (paths !== null && !paths.has(entry.path)) continue
      const found = files?.get(entry.path)
      if (found !== undefined) checked.push({ entry, found })
      else if (!lost.has(entry.path) && paths === null) missing.push(entry.path)
      else checked.push({ entry, found: { blob: entry.path, stats: null } })
    }
    const onProgress = this.#sampled(phase, checked)
    const { hashing } = this.#deps
    const damaged = await checkFiles(checked, { hashing, onProgress }, this.#options)
    return { checked, damaged, missing }
  }

  /**
   * Sets damaged files aside, has them fetched, and checks them once more.
   * @throws WindlassError MODEL_NOT_FOUND, HASH_MISMATCH when they are still damaged, and what stopped the download
   */
  async repair(
    model: ModelId & { readonly revision: string },
    damaged: readonly DamagedFile[],
  ): Promise<NonNullable<VerifyReport['repair']>> {
    const { repo } = this.#place
    const paths = damaged.map(({ path }) => path)
    const taskId = await this.#deps.exclusively(async () => {
      await this.#setAside(damaged)
      // Before anybody may remove the revision: whoever does so then finds the download.
      return await this.#deps.startFetch(model, paths)
    })
    await this.#deps.untilFetched(taskId, this.#options)
    await this.#deps.exclusively(() => restoreRepaired(repo.layout))
    const again = await this.check(new Set(paths), 'repairing')
    const [still] = again.damaged
    if (still !== undefined) {
      throw new WindlassError('HASH_MISMATCH', {
        detail: `${still.path} of ${repoName(repo)} is damaged after its repair, too`,
      })
    }
    const sizes = new Map(damaged.map(({ expected, size_bytes }) => [expected, size_bytes]))
    const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0)
    return { task_id: taskId, files: damaged.length, bytes }
  }

  async #setAside(damaged: readonly DamagedFile[]): Promise<void> {
    const { repo, commit } = this.#place
    // What somebody has removed meanwhile is not damaged, and stays removed.
    if ((await orNullIfAbsent(lstat(repo.layout.snapshot(commit)))) === null) {
      throw new WindlassError('MODEL_NOT_FOUND', { detail: repoName(repo) })
    }
    for (const { path, expected, size_bytes: sizeBytes } of damaged) {
      await setAside(repo.layout, { digest: expected, sizeBytes, place: { commit, path } })
    }
  }

  /** Files of the revision that an earlier repair took away and did not bring back. */
  async #lostPaths(): Promise<ReadonlySet<string>> {
    const { repo, commit } = this.#place
    const places = (await readSetAside(repo.layout)).flatMap((aside) => aside.places)
    return new Set(places.filter((place) => place.commit === commit).map(({ path }) => path))
  }

  #sampled(phase: VerifyProgress['phase'], checked: readonly CheckedFile[]) {
    const { clock } = this.#deps
    const total = { files: checked.length, bytes: bytesOf(checked) }
    let nextMs = 0
    return ({ files, bytes }: { readonly files: number; readonly bytes: number }): void => {
      if (clock.monotonicMs() < nextMs && files < total.files) return
      nextMs = clock.monotonicMs() + SAMPLE_MS
      this.#options.onProgress({
        phase,
        files_done: files,
        files_total: total.files,
        bytes_done: bytes,
        bytes_total: total.bytes,
      })
    }
  }
}

/** Bytes that are there to be hashed. */
function bytesOf(checked: readonly CheckedFile[]): number {
  return checked
    .filter(({ entry, found }) => found.stats?.size === entry.sizeBytes)
    .reduce((sum, { entry }) => sum + entry.sizeBytes, 0)
}
