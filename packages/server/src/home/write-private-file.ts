import { open, rename, rm } from 'node:fs/promises'

/**
 * Puts a file that only this user can read in place, whole or not at all. The caller
 * owns the home, so nobody else writes the same name.
 */
export async function writePrivateFile(file: string, text: string): Promise<void> {
  const temporary = `${file}.new`
  // Left by a crash, or planted: `wx` would refuse it, and following it would be worse.
  await rm(temporary, { force: true })
  const handle = await open(temporary, 'wx', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(temporary, file)
}
