import { createCipheriv, createHash } from 'node:crypto'
import { CHUNK_BYTES, type VirtualBytes } from './virtual-bytes.ts'

/** Content described instead of stored: the same seed always gives the same bytes. */
export interface RandomBytesSpec {
  readonly seed: string
  readonly sizeBytes: number
}

const BLOCK_BYTES = 16
const ZEROS = Buffer.alloc(CHUNK_BYTES + BLOCK_BYTES)

/**
 * Bytes of any size that differ at every position, readable at any offset at once:
 * `byte(i) = AES-256-CTR(key = sha256(seed), counter = 0)[i]`. A smaller size with the same
 * seed is a prefix of a larger one. No two offsets look alike, so a file that was put together
 * from the wrong ranges never passes for the right one.
 */
export function createRandomBytes(seed: string, sizeBytes: number): VirtualBytes {
  const key = createHash('sha256').update(seed).digest()
  return {
    sizeBytes,
    cacheKey: `random:${sizeBytes}:${seed}`,
    *read(start, end) {
      const last = Math.min(end, sizeBytes)
      if (start >= last) return
      const skip = start % BLOCK_BYTES
      const counter = Buffer.alloc(BLOCK_BYTES)
      counter.writeBigUInt64BE(BigInt((start - skip) / BLOCK_BYTES), 8)
      const cipher = createCipheriv('aes-256-ctr', key, counter)
      cipher.update(ZEROS.subarray(0, skip))
      for (let at = start; at < last; at += CHUNK_BYTES) {
        yield cipher.update(ZEROS.subarray(0, Math.min(CHUNK_BYTES, last - at)))
      }
    },
  }
}
