import { createHash, randomInt } from 'node:crypto'

/** Random numbers that can be had again: set `WINDLASS_TEST_SEED` to the seed a test printed. */
export interface SeededRandom {
  readonly seed: string
  /** Uniform in `[0, 1)`. */
  next(): number
}

export function seededRandom(
  seed = process.env['WINDLASS_TEST_SEED'] ?? String(randomInt(2 ** 32)),
): SeededRandom {
  let count = 0
  return {
    seed,
    next: () => createHash('sha256').update(`${seed}:${count++}`).digest().readUInt32LE() / 2 ** 32,
  }
}
