import { chmod, readdir, stat } from 'node:fs/promises'
import { type Logger, makeFoldersDurably, WindlassError } from '@windlass/engine'

const OTHERS = 0o077
/** A folder with this file is a home, so it is ours to close. */
const DATABASE_FILE = 'windlass.db'

/**
 * Makes the home, for this user alone. An existing home that others can enter is
 * closed to them; a folder that holds other things is left as it is, with a warning,
 * because somebody may rely on reaching them.
 * @throws WindlassError SETTINGS_INVALID when the path is no folder
 */
export async function prepareHome(home: string, log: Logger): Promise<void> {
  await makeFolder(home)
  const facts = await stat(home)
  if ((facts.mode & OTHERS) === 0) return
  const names = await readdir(home)
  const isOurs = names.length === 0 || names.includes(DATABASE_FILE)
  if (isOurs && facts.uid === process.getuid?.()) {
    await chmod(home, 0o700)
    log.warn({ home }, 'other users could enter the home; it is private from now on')
  } else {
    log.warn({ home }, 'other users can enter the home; give Windlass a folder of its own')
  }
}

async function makeFolder(home: string): Promise<void> {
  try {
    await makeFoldersDurably(home, { mode: 0o700 })
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code !== 'EEXIST' && code !== 'ENOTDIR') throw cause
    throw new WindlassError('SETTINGS_INVALID', {
      detail: `WINDLASS_HOME is ${home}, which is not a folder`,
      cause,
    })
  }
}
