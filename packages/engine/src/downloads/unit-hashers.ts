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

  /** The unit's hasher, made at its first attempt; null when its digest is not known. */
  of({ key, file }: TransferUnit, { partPath }: StagedFile): FileHasher | null {
    if (file.digest === null) return null
    const known = this.#hashers.get(key)
    if (known !== undefined) return known
    const hasher = this.#hashing.open(partPath, file.digest.algorithm, file.sizeBytes ?? 0)
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
