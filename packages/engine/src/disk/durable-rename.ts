import { open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isSystemError } from './system-error.ts'

/**
 * Brings a folder's entries to the disk. Without it a rename may be undone by a
 * power cut although the file itself was synced. Returns quietly where folders
 * cannot be synced at all (Windows, some network file systems).
 */
export async function syncDirectory(path: string): Promise<void> {
  try {
    await syncPath(path, 'r')
  } catch (error) {
    if (isSystemError(error, 'EINVAL', 'ENOTSUP', 'ENOSYS')) return
    if (process.platform === 'win32' && isSystemError(error, 'EPERM', 'EISDIR', 'EACCES')) return
    throw error
  }
}

/** Brings a file's bytes and size to the disk. */
export async function syncFile(path: string): Promise<void> {
  // Windows flushes only what is open for writing.
  await syncPath(path, 'r+')
}

/**
 * Puts a finished file under its final name so that it survives a power cut:
 * fsync of the file, rename, fsync of the folder. What was there is replaced, never written to.
 */
export async function durableRename(from: string, to: string): Promise<void> {
  await syncFile(from)
  await rename(from, to)
  await syncDirectory(dirname(to))
}

async function syncPath(path: string, flags: 'r' | 'r+'): Promise<void> {
  const handle = await open(path, flags)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
