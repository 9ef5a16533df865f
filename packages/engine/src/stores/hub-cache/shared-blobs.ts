import { constants } from 'node:fs'
import { access, lstat, open, readFile, rename, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { isSystemError, orNullIfAbsent } from '../../disk/system-error.ts'
import type { BlobLocks } from './blob-locks.ts'
import { fileSize } from './file-size.ts'
import type { HubCacheLayout } from './layout.ts'

const MARKER = '.huggingface-shared-blobs'
export const XET_HASH = /^[0-9a-f]{64}$/

/**
 * The store in which the Python client keeps one payload for all repositories of a
 * cache (`<cache>/blobs/<2 hex>/<xet hash>`). Downloads read it and link into it; they
 * never write, rename or remove a payload.
 */
export class SharedBlobs {
  readonly #folder: string
  readonly #locks: BlobLocks
  readonly #enabled: boolean

  constructor(cacheDir: string, locks: BlobLocks, { enabled }: { readonly enabled: boolean }) {
    this.#enabled = enabled
    this.#folder = join(cacheDir, 'blobs')
    this.#locks = locks
  }

  /** True when the store is one we understand and holds a payload of exactly this size. */
  async has(xetHash: string, sizeBytes: number): Promise<boolean> {
    if (!this.#enabled || !XET_HASH.test(xetHash) || !(await isSharedStore(this.#folder)))
      return false
    const payload = this.#payload(xetHash)
    const entry = await orNullIfAbsent(lstat(payload))
    if (entry === null || !entry.isFile() || entry.size !== sizeBytes) return false
    try {
      await access(payload, constants.R_OK)
      return true
    } catch (error) {
      if (isSystemError(error)) return false
      throw error
    }
  }

  /**
   * Makes a repository's blob a link to the payload, by the client's rules: the
   * reference is on disk before the link is visible, and both happen under the
   * payload's lock, or its garbage collector could remove it in between.
   * @returns false when the payload is not, or no longer, there, or its lock is not to be had
   */
  async link(
    xetHash: string,
    target: {
      readonly layout: HubCacheLayout
      readonly blobName: string
      readonly sizeBytes: number
      /** Where the link is made before it is renamed into place. */
      readonly temporaryPath: string
    },
  ): Promise<boolean> {
    const payload = this.#payload(xetHash)
    const blob = target.layout.blob(target.blobName)
    const release = await this.#locks.takeSoon(`${payload}.lock`, 0o666)
    if (release === null) return false
    try {
      if (!(await this.has(xetHash, target.sizeBytes))) return false
      const line = `${target.layout.repoFolder}/blobs/${target.blobName}\n`
      await appendReference(`${payload}.refs`, line)
      await rm(target.temporaryPath, { force: true })
      await symlink(`../../blobs/${xetHash.slice(0, 2)}/${xetHash}`, target.temporaryPath)
      await rename(target.temporaryPath, blob)
    } finally {
      release()
    }
    return (await fileSize(blob)) === target.sizeBytes
  }

  #payload(xetHash: string): string {
    return join(this.#folder, xetHash.slice(0, 2), xetHash)
  }
}

/** True when a folder says of itself that it is such a store, of the one form we understand. */
export async function isSharedStore(path: string): Promise<boolean> {
  const folder = await orNullIfAbsent(lstat(path))
  if (folder?.isDirectory() !== true) return false
  const marker = join(path, MARKER)
  if ((await orNullIfAbsent(lstat(marker)))?.isFile() !== true) return false
  return (await readFile(marker, 'utf8')) === '1\n'
}

async function appendReference(path: string, line: string): Promise<void> {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW } = constants
  const handle = await open(path, O_WRONLY | O_APPEND | O_CREAT | (O_NOFOLLOW ?? 0), 0o666)
  try {
    // Another user of a shared cache may own it; then it has the right mode already.
    await handle.chmod(0o666).catch((error: unknown) => {
      if (!isSystemError(error, 'EPERM')) throw error
    })
    await handle.writeFile(line)
    await handle.sync()
  } finally {
    await handle.close()
  }
}
