import { lstat, mkdir, stat } from 'node:fs/promises'
import { isSystemError } from '../../disk/system-error.ts'
import { WindlassError } from '../../errors/windlass-error.ts'

/**
 * Makes one folder if it is not there.
 * @throws WindlassError PERM_DENIED when something else is in its place, a link included:
 * what is written through a planted link lands outside the cache
 */
export async function makeFolder(path: string, mode = 0o777): Promise<void> {
  try {
    await mkdir(path, { mode })
  } catch (error) {
    if (!isSystemError(error, 'EEXIST')) throw error
    if (!(await lstat(path)).isDirectory()) throw notFolder(path, error)
  }
}

/** Like {@link makeFolder}, for a folder that a person may have moved to another disk and linked. */
export async function makeFolderOrLink(path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    if (!isSystemError(error, 'EEXIST')) throw error
    if (!(await stat(path)).isDirectory()) throw notFolder(path, error)
  }
}

function notFolder(path: string, cause: unknown): WindlassError {
  return new WindlassError('PERM_DENIED', {
    cause,
    detail: `${path} is not a folder`,
    hint: 'Move it out of the way, then resume.',
  })
}
