import { type BandwidthClock, FairBucket } from './fair-bucket.ts'

/** The limits of one kind by name, and their buckets; a bucket outlives a change of its rate. */
export class LimitGroup {
  readonly #clock: BandwidthClock
  readonly #buckets = new Map<string, FairBucket>()

  constructor(clock: BandwidthClock) {
    this.#clock = clock
  }

  get(name: string): FairBucket | null {
    return this.#buckets.get(name) ?? null
  }

  /** Null lifts the limit. */
  set(name: string, bytesPerSecond: number | null): void {
    const bucket = this.#buckets.get(name)
    if (bytesPerSecond === null) {
      this.#buckets.delete(name)
      bucket?.lift()
    } else if (bucket === undefined) {
      this.#buckets.set(name, new FairBucket(bytesPerSecond, this.#clock))
    } else if (bucket.bytesPerSecond !== bytesPerSecond) {
      bucket.setRate(bytesPerSecond)
    }
  }

  /** These and no others. */
  replace(rates: Readonly<Record<string, number>>): void {
    for (const name of [...this.#buckets.keys()]) {
      if (!Object.hasOwn(rates, name)) this.set(name, null)
    }
    for (const [name, bytesPerSecond] of Object.entries(rates)) this.set(name, bytesPerSecond)
  }
}
