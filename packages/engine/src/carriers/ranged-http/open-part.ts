import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

/**
 * Opens the file of the unfinished bytes, making it when it is not there. A symbolic link
 * in its place is refused, so that nobody can direct our bytes elsewhere.
 *
 * @returns its length as it was found, null when it was not there
 */
export async function openPart(
  path: string,
): Promise<{ readonly handle: FileHandle; readonly foundBytes: number | null }> {
  const flags = constants.O_RDWR | constants.O_NOFOLLOW
  // Most are new: asking for the old one first would cost each of them a failure.
  const made = await open(path, flags | constants.O_CREAT | constants.O_EXCL, 0o600).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return null
      throw error
    },
  )
  if (made !== null) return { handle: made, foundBytes: null }
  const existing = await open(path, flags)
  try {
    return { handle: existing, foundBytes: (await existing.stat()).size }
  } catch (error) {
    await existing.close()
    throw error
  }
}
