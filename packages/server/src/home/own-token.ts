import { rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { type Logger, makeFoldersDurably, ownTokenPath, type Secret } from '@windlass/engine'
import { prepareHome } from './prepare-home.ts'
import { writePrivateFile } from './write-private-file.ts'

/**
 * Keeps the token that a person gave to Windlass for the Hub, in the home, readable for this
 * user alone. Downloads that run use it from their next request on.
 * @returns the file
 * @throws WindlassError SETTINGS_INVALID when the home is no folder
 */
export async function storeOwnToken(
  home: string,
  token: Secret,
  options: { readonly log: Logger },
): Promise<string> {
  const file = ownTokenPath(home)
  await prepareHome(home, options.log)
  await makeFoldersDurably(path.dirname(file), { mode: 0o700 })
  await writePrivateFile(file, `${token.reveal()}\n`)
  return file
}

/** True when there is such a token. */
export async function keepsOwnToken(home: string): Promise<boolean> {
  const found = await stat(ownTokenPath(home)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  return found !== null
}

/** Removes that token; false when there is none. */
export async function removeOwnToken(home: string): Promise<boolean> {
  try {
    await rm(ownTokenPath(home))
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}
