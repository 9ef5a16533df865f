/** How many work on the units of one run at once: fewer when the process runs out of descriptors. */
export class Crew {
  #size: number
  #surplus = 0

  constructor(size: number) {
    this.#size = size
  }

  get size(): number {
    return this.#size
  }

  /** Sends half of those that are left home, as soon as each is done with its unit; one always stays. */
  halve(): void {
    this.#surplus = Math.max(this.#surplus, Math.floor(this.#size / 2))
  }

  /** Asked by a worker between two units. True at most once for each that may go. */
  mayLeave(): boolean {
    if (this.#surplus === 0) return false
    this.#surplus--
    this.#size--
    return true
  }
}
