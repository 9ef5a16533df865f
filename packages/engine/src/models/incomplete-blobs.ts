import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { orNullIfAbsent } from '../disk/system-error.ts'
import { tryFlock } from '../stores/hub-cache/flock.ts'
import { type HubCacheLayout, isBlobName } from '../stores/hub-cache/layout.ts'

/** Where locks do not work, a file that nobody touched for so long has nobody at work on it. */
const ABANDONED_MS = 24 * 60 * 60 * 1000

/** A file in `blobs/`. */
export interface BlobFile {
  readonly name: string
  readonly bytes: number
  /** The digest that it has, or will have. */
  readonly digest: string
}

/** Files in `blobs/` by what they are; what is of neither kind belongs to somebody else. */
export async function readBlobs(layout: HubCacheLayout): Promise<{
  readonly whole: readonly BlobFile[]
  /** What the Python client left half-fetched: it never goes on with them. */
  readonly incomplete: readonly BlobFile[]
}> {
  const whole: BlobFile[] = []
  const incomplete: BlobFile[] = []
  for (const name of (await orNullIfAbsent(readdir(layout.blobs))) ?? []) {
    const digest = name.split('.')[0] ?? ''
    if (!isBlobName(digest)) continue
    const entry = await orNullIfAbsent(lstat(join(layout.blobs, name)))
    if (entry === null || entry.isDirectory()) continue
    // A link into the shared store is no bytes of this repository.
    const file = { name, digest, bytes: entry.isFile() ? entry.size : 0 }
    if (name === digest) whole.push(file)
    else if (name.endsWith('.incomplete')) incomplete.push(file)
  }
  return { whole, incomplete }
}

/** True when another program is at work on a blob at this moment, as far as that can be told. */
export async function isAtWork(
  layout: HubCacheLayout,
  { name, digest }: BlobFile,
  now: number,
): Promise<boolean> {
  const lock = layout.lock(digest)
  // Whoever fetches a blob holds its lock from the first byte to the link.
  if ((await orNullIfAbsent(lstat(lock))) === null) return false
  const attempt = await tryFlock(lock, 0o664)
  if (attempt.kind === 'held') attempt.release()
  if (attempt.kind !== 'unsupported') return attempt.kind === 'busy'
  const entry = await orNullIfAbsent(lstat(join(layout.blobs, name)))
  return entry !== null && now - entry.mtimeMs < ABANDONED_MS
}
