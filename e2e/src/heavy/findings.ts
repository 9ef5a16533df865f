/** Collects the promises that do not hold, so that one of them does not hide the others. */
export class Findings {
  readonly #say: (line: string) => void
  readonly #broken: string[] = []

  constructor(say: (line: string) => void) {
    this.#say = say
  }

  get broken(): readonly string[] {
    return this.#broken
  }

  /** Notes that `promise` was broken unless it held; once, however often it is found. */
  require(holds: boolean, promise: string): void {
    if (holds || this.#broken.includes(promise)) return
    this.#broken.push(promise)
    this.#say(`BROKEN: ${promise}`)
  }
}
