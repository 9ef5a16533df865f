import type { HubFileSpec } from '@windlass/testkit'
import { hashesIn, hashesOf } from '../support/cache-state.ts'

/**
 * Compares a snapshot with what the Hub has, byte by byte.
 * @returns the paths that are missing, damaged or too many; every path when there is no snapshot
 */
export async function wrongFiles(
  snapshot: string,
  files: readonly HubFileSpec[],
): Promise<readonly string[]> {
  const expected = await hashesOf(files)
  const found = await hashesIn(snapshot).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return new Map<string, string>()
    throw error
  })
  const paths = new Set([...expected.keys(), ...found.keys()])
  return [...paths].filter((path) => expected.get(path) !== found.get(path))
}
