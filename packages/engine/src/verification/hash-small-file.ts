import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { WindlassError } from '../errors/windlass-error.ts'
import type { Digest } from '../sources/source.ts'
import { startHash } from './start-hash.ts'

/**
 * The digest of a file's first `sizeBytes`, read in one go: for files so small that
 * another thread would cost more than it saves. Hex, lower case.
 *
 * @throws WindlassError PARTIAL_LOST when the file is shorter
 */
export async function hashSmallFile(
  path: string,
  algorithm: Digest['algorithm'],
  sizeBytes: number,
): Promise<string> {
  const content = Buffer.allocUnsafe(sizeBytes)
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    let filled = 0
    while (filled < sizeBytes) {
      const { bytesRead } = await handle.read(content, filled, sizeBytes - filled, filled)
      if (bytesRead === 0) {
        throw new WindlassError('PARTIAL_LOST', { detail: `${path} ends after ${filled} bytes` })
      }
      filled += bytesRead
    }
  } finally {
    await handle.close()
  }
  return startHash(algorithm, sizeBytes).update(content).digest('hex')
}
