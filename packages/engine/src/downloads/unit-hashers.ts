import type { StagedFile, TransferUnit } from '../stores/store.ts'
import type { FileHasher, Hashing } from '../verification/hasher.ts'

/**
 * The hashers of a run's units. One outlives the attempts at its unit, so that no byte is
 * hashed again because a connection broke.
 */
export class UnitHashers {
  readonly #hashing: Hashing
  readonly #hashers = new Map<string, FileHasher>()

  constructor(hashing: Hashing) {
    this.#hashing = hashing
  }

  /** The unit's hasher, made at its first attempt; of SHA-256 when nobody told a digest. */
  of({ key, file }: TransferUnit, { partPath }: StagedFile): FileHasher {
    const known = this.#hashers.get(key)
    if (known !== undefined) return known
    const algorithm = file.digest?.algorithm ?? 'sha256'
    // What may be large is left to the thread.
    const sizeBytes = file.sizeBytes ?? Number.MAX_SAFE_INTEGER
    const hasher = this.#hashing.open(partPath, algorithm, sizeBytes)
    this.#hashers.set(key, hasher)
    return hasher
  }

  /** Forgets what was hashed of a unit: it is done, or its bytes are given up. */
  drop({ key }: TransferUnit): void {
    this.#hashers.get(key)?.dispose()
    this.#hashers.delete(key)
  }

  disposeAll(): void {
    for (const hasher of this.#hashers.values()) hasher.dispose()
    this.#hashers.clear()
  }
}
