import { createHash, type Hash } from 'node:crypto'
import type { Digest } from '../sources/source.ts'

/** A hash that waits for the content of a file of this size. git's blob hash begins with the size. */
export function startHash(algorithm: Digest['algorithm'], sizeBytes: number): Hash {
  if (algorithm === 'sha256') return createHash('sha256')
  return createHash('sha1').update(`blob ${sizeBytes}\0`)
}
