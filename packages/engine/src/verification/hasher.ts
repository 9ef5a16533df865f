import type { Digest } from '../sources/source.ts'

export interface FinishOptions {
  readonly signal: AbortSignal
  /** Told now and then how many bytes are hashed, never of a small file. */
  readonly onProgress?: (hashedBytes: number) => void
}

/** Hashes one growing file, following the contiguous bytes from its start. */
export interface FileHasher {
  /** The first `contiguousBytes` of the file will not change any more. Fewer than before begin anew. */
  advance(contiguousBytes: number): void
  /** The digest over exactly `sizeBytes`, lower case hex. Settles when the last byte is hashed. */
  finish(sizeBytes: number, options: FinishOptions): Promise<string>
  /** Frees what the hasher holds; safe to call at any time, more than once. */
  dispose(): void
}

/** Hashes beside the transfer, off the main thread. */
export interface Hashing {
  open(path: string, algorithm: Digest['algorithm'], sizeBytes: number): FileHasher
  close(): Promise<void>
}
