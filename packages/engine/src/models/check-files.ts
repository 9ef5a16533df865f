import { realpath } from 'node:fs/promises'
import type { DamagedFile } from '@windlass/contract'
import { isSystemError } from '../disk/system-error.ts'
import { isWindlassError } from '../errors/windlass-error.ts'
import type { CallOptions, Digest } from '../sources/source.ts'
import type { HubTreeFile } from '../stores/placement.ts'
import type { Hashing } from '../verification/hasher.ts'
import type { ScannedFile } from './scan-repo.ts'

/** A file that should be there, and what is. */
export interface CheckedFile {
  readonly entry: HubTreeFile
  readonly found: ScannedFile
}

export interface CheckDeps {
  readonly hashing: Hashing
  /** Told after each file and now and then within a large one. */
  readonly onProgress: (done: { readonly files: number; readonly bytes: number }) => void
}

/** The digest that the Hub knows a file by, which is the name of its blob too. */
function digestOf({ lfs, blobId }: HubTreeFile): Digest {
  return lfs === undefined
    ? { algorithm: 'git-sha1', hex: blobId }
    : { algorithm: 'sha256', hex: lfs.sha256 }
}

/**
 * Hashes files one after the other in the hashing thread, the bytes of each blob once.
 * @returns those whose bytes are not what they should be
 */
export async function checkFiles(
  files: readonly CheckedFile[],
  { hashing, onProgress }: CheckDeps,
  { signal }: CallOptions,
): Promise<readonly DamagedFile[]> {
  const damaged: DamagedFile[] = []
  const known = new Map<string, Promise<string | null>>()
  let bytes = 0
  for (const [index, { entry, found }] of files.entries()) {
    signal.throwIfAborted()
    const digest = digestOf(entry)
    const base = { path: entry.path, size_bytes: entry.sizeBytes, expected: digest.hex }
    const fault = { ...base, algorithm: digest.algorithm, actual: null }
    if (found.stats === null) damaged.push({ ...fault, problem: 'unreadable' })
    else if (found.stats.size !== entry.sizeBytes) damaged.push({ ...fault, problem: 'size' })
    else {
      const before = bytes
      const key = `${digest.algorithm} ${found.blob}`
      const asked =
        known.get(key) ??
        hashFile(found.blob, { digest, sizeBytes: entry.sizeBytes, hashing, signal }, (hashed) =>
          onProgress({ files: index, bytes: before + hashed }),
        )
      known.set(key, asked)
      const actual = await asked
      if (actual === null) damaged.push({ ...fault, problem: 'unreadable' })
      else if (actual !== digest.hex) damaged.push({ ...fault, problem: 'digest', actual })
      bytes += entry.sizeBytes
    }
    onProgress({ files: index + 1, bytes })
  }
  return damaged
}

/** null when the disk does not give the bytes. */
async function hashFile(
  path: string,
  target: CallOptions & {
    readonly digest: Digest
    readonly sizeBytes: number
    readonly hashing: Hashing
  },
  onProgress: (hashedBytes: number) => void,
): Promise<string | null> {
  const { digest, sizeBytes, hashing, signal } = target
  try {
    // The hashing thread follows no link.
    const hasher = hashing.open(await realpath(path), digest.algorithm, sizeBytes)
    try {
      return await hasher.finish(sizeBytes, { signal, onProgress })
    } finally {
      hasher.dispose()
    }
  } catch (error) {
    if (isSystemError(error, 'EIO', 'ENOENT') || isWindlassError(error, 'PARTIAL_LOST')) return null
    throw error
  }
}
