import { stat } from 'node:fs/promises'
import { isSystemError } from '../../disk/system-error.ts'

/** Size of the regular file at the end of a path, links followed; null when there is none. */
export async function fileSize(path: string): Promise<number | null> {
  try {
    const entry = await stat(path)
    return entry.isFile() ? entry.size : null
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return null
    throw error
  }
}
