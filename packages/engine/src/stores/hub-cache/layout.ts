import { join } from 'node:path'
import { WindlassError } from '../../errors/windlass-error.ts'
import { requireContainedPath } from '../../selection/safe-path.ts'
import type { HubCachePlacement } from '../placement.ts'
import { isCommit } from './is-commit.ts'

const BLOB_NAME = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/
const REPO_ID = /^[\w.-]{1,96}(?:\/[\w.-]{1,96})?$/
const DOWNLOAD_ID = /^[\w-]{1,128}$/

/**
 * The standard cache's folders and files for one repository, as `huggingface_hub`
 * 1.33 lays them out. Everything the Hub names is checked before it becomes a path.
 */
export class HubCacheLayout {
  /** `models--org--name` */
  readonly repoFolder: string
  readonly cache: string
  readonly repo: string
  readonly blobs: string
  readonly snapshots: string
  readonly refs: string
  readonly trees: string
  /** Our own folder; a dot folder beside `snapshots/` is invisible to the Python client. */
  readonly windlass: string

  /** @throws WindlassError REF_INVALID when the repository's id cannot be a folder name */
  constructor(cacheDir: string, placement: Pick<HubCachePlacement, 'repoType' | 'repoId'>) {
    const { repoId, repoType } = placement
    if (!REPO_ID.test(repoId) || /--|\.\.|(?:^|\/)[.-]|[.-](?:\/|$)/.test(repoId)) {
      throw new WindlassError('REF_INVALID', { detail: `${JSON.stringify(repoId)} as repository` })
    }
    this.cache = cacheDir
    this.repoFolder = `${repoType}s--${repoId.replace('/', '--')}`
    this.repo = join(cacheDir, this.repoFolder)
    this.blobs = join(this.repo, 'blobs')
    this.snapshots = join(this.repo, 'snapshots')
    this.refs = join(this.repo, 'refs')
    this.trees = join(this.repo, 'trees')
    this.windlass = join(this.repo, '.windlass')
  }

  blob(name: string): string {
    return join(this.blobs, assertBlobName(name))
  }

  /** Where the Python client locks while it fetches the blob. */
  lock(name: string): string {
    return join(this.cache, '.locks', this.repoFolder, `${assertBlobName(name)}.lock`)
  }

  snapshot(commit: string): string {
    return join(this.snapshots, assertCommit(commit))
  }

  /** @throws WindlassError NAME_INVALID when the path leaves the snapshot */
  file(commit: string, path: string): string {
    // The source has refused such names already; this is the last door before the disk.
    requireContainedPath(path)
    return join(this.snapshot(commit), path)
  }

  tree(commit: string): string {
    return join(this.trees, `${assertCommit(commit)}.json`)
  }

  /** @throws WindlassError NAME_INVALID when the name leaves `refs/` */
  ref(name: string): string {
    requireContainedPath(name)
    return join(this.refs, name)
  }

  staging(downloadId: string): string {
    if (!isDownloadId(downloadId)) throw new TypeError(`not a download id: ${downloadId}`)
    return join(this.windlass, downloadId)
  }
}

/**
 * What a snapshot's link says: relative, so that a cache may be moved as a whole.
 * `a.json` gives `../../blobs/<name>`, one more `../` for each folder.
 */
export function linkTarget(path: string, blobName: string): string {
  return `${'../'.repeat(path.split('/').length + 1)}blobs/${assertBlobName(blobName)}`
}

/** True for a name that a staging folder may have. */
export function isDownloadId(name: string): boolean {
  return DOWNLOAD_ID.test(name)
}

/** True for the name of a blob: git's sha1 of a regular file, the sha256 of an LFS file. */
export function isBlobName(name: string): boolean {
  return BLOB_NAME.test(name)
}

function assertBlobName(name: string): string {
  if (isBlobName(name)) return name
  throw new WindlassError('HTTP_PROTOCOL', { detail: `${JSON.stringify(name)} as a file's digest` })
}

function assertCommit(commit: string): string {
  if (isCommit(commit)) return commit
  throw new WindlassError('HTTP_PROTOCOL', { detail: `${JSON.stringify(commit)} as a commit` })
}
