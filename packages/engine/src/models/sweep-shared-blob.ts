import { lstat, readFile, readlink, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { isSystemError, orNullIfAbsent } from '../disk/system-error.ts'
import { tryFlock } from '../stores/hub-cache/flock.ts'
import { isSharedStore, XET_HASH } from '../stores/hub-cache/shared-blobs.ts'

const REFERENCE = /^(?:model|dataset|space|kernel)s--[^/]+\/blobs\/(?:[0-9a-f]{40}|[0-9a-f]{64})$/

/**
 * Removes a payload of the store that the repositories of a cache share, when its own notes name
 * nobody who still links to it. By the client's rules: under the payload's lock, and never where
 * notes are missing, unreadable or strange. Does nothing to any other path.
 * @returns the bytes that became free
 */
export async function sweepSharedBlob(cacheDir: string, payload: string): Promise<number> {
  const store = join(cacheDir, 'blobs')
  const hash = basename(payload)
  if (!XET_HASH.test(hash) || payload !== join(store, hash.slice(0, 2), hash)) return 0
  if (!(await isSharedStore(store))) return 0
  const attempt = await tryFlock(`${payload}.lock`, 0o666)
  // Where nothing can be locked, somebody may link to it at this very moment.
  if (attempt.kind !== 'held') return 0
  try {
    return (await isUnreferenced(cacheDir, payload)) ? await removePayload(payload) : 0
  } finally {
    attempt.release()
  }
}

/** True when every note is one that can be understood, and none of them holds. */
export async function isUnreferenced(cacheDir: string, payload: string): Promise<boolean> {
  const notes = await readNotes(`${payload}.refs`)
  if (notes === null || !notes.every((line) => REFERENCE.test(line))) return false
  for (const line of notes) if (await linksTo(join(cacheDir, line), payload)) return false
  return true
}

async function removePayload(payload: string): Promise<number> {
  const entry = await orNullIfAbsent(lstat(payload))
  if (entry?.isFile() !== true) return 0
  await rm(payload)
  await rm(`${payload}.refs`, { force: true })
  return entry.size
}

async function readNotes(path: string): Promise<readonly string[] | null> {
  try {
    return (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '')
  } catch (error) {
    if (isSystemError(error)) return null
    throw error
  }
}

async function linksTo(path: string, payload: string): Promise<boolean> {
  try {
    return resolve(dirname(path), await readlink(path)) === payload
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'EINVAL')) return false
    throw error
  }
}
