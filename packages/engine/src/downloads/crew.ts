import type { Clock } from '../runtime/clock.ts'

/** Failures this close to one another have one cause. */
const ONE_CAUSE_MS = 1_000

/** How many work on the units of one run at once: fewer when the process runs out of descriptors. */
export class Crew {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  #size: number
  #surplus = 0
  #halvedAtMs = Number.NEGATIVE_INFINITY

  constructor(size: number, clock: Pick<Clock, 'monotonicMs'>) {
    this.#size = size
    this.#clock = clock
  }

  get size(): number {
    return this.#size
  }

  /** How many stay when all have gone that may. */
  get remaining(): number {
    return this.#size - this.#surplus
  }

  /**
   * Sends half of the workers home, each when it is done with its unit; one always stays.
   * @returns false when that was just done, or there is only one
   */
  halve(): boolean {
    const now = this.#clock.monotonicMs()
    if (this.#size === 1 || now - this.#halvedAtMs < ONE_CAUSE_MS) return false
    this.#halvedAtMs = now
    this.#surplus = Math.floor(this.#size / 2)
    return true
  }

  /** Somebody joins. */
  join(): void {
    this.#size++
  }

  /** Asked by a worker between two units. True once for each that may go. */
  mayLeave(): boolean {
    if (this.#surplus === 0) return false
    this.#surplus--
    this.#size--
    return true
  }
}
