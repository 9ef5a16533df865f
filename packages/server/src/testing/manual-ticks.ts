import { type Clock, systemClock } from '@windlass/engine'

/** A clock whose intervals fire when a test says so. */
export class ManualTicks implements Clock {
  readonly #ticks = new Set<{ ms: number; tick: () => void }>()
  now(): number {
    return 1000
  }
  monotonicMs(): number {
    return 1000
  }
  sleep: Clock['sleep'] = systemClock.sleep

  every(ms: number, tick: () => void): () => void {
    const entry = { ms, tick }
    this.#ticks.add(entry)
    return () => this.#ticks.delete(entry)
  }

  /** Fires every interval of that length once. */
  fire(ms: number): void {
    for (const entry of this.#ticks) if (entry.ms === ms) entry.tick()
  }
}
