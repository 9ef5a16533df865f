import { writeFileDurably } from '@windlass/engine'

/**
 * Puts a file that only this user can read in place, whole or not at all, and for good. The
 * caller owns the home, so nobody else writes the same name.
 */
export async function writePrivateFile(file: string, text: string): Promise<void> {
  // One name for all of them: what a crash leaves is replaced by the next.
  await writeFileDurably(file, text, { mode: 0o600, temporaryPath: `${file}.new` })
}
