import { type Clock, systemClock } from '@windlass/engine'

/** A clock that stands until a test moves it, and whose intervals fire when a test says so. */
export class ManualTicks implements Clock {
  #ms = 1000
  readonly #ticks = new Set<{ ms: number; tick: () => void }>()
  now(): number {
    return this.#ms
  }
  monotonicMs(): number {
    return this.#ms
  }
  sleep: Clock['sleep'] = systemClock.sleep

  every(ms: number, tick: () => void): () => void {
    const entry = { ms, tick }
    this.#ticks.add(entry)
    return () => this.#ticks.delete(entry)
  }

  advance(ms: number): void {
    this.#ms += ms
  }

  /** Fires every interval of that length once. */
  fire(ms: number): void {
    for (const entry of this.#ticks) if (entry.ms === ms) entry.tick()
  }
}
