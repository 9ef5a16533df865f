export interface Queued {
  /** Whose turn it is: lanes share, members of a lane take turns. */
  readonly lane: string
  readonly bytes: number
}

interface Lane<T> {
  /** Virtual time at which what it got so far is fair. */
  finish: number
  readonly waiting: T[]
}

/**
 * Gives each lane that waits the same number of bytes, however many of its members wait and
 * however large their portions are (start-time fair queueing, Goyal et al. 1996). A lane that
 * was away saves nothing up, and one that just had its turn is not first again.
 */
export class FairQueue<T extends Queued> {
  readonly #lanes = new Map<string, Lane<T>>()
  #virtualTime = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  add(item: T): void {
    const known = this.#lanes.get(item.lane)
    const lane = known ?? { finish: this.#virtualTime, waiting: [] }
    if (known === undefined) this.#lanes.set(item.lane, lane)
    lane.waiting.push(item)
    this.#size++
  }

  /** Takes out whose turn it is; null when nobody waits. */
  next(): T | null {
    let first: Lane<T> | null = null
    for (const [name, lane] of this.#lanes) {
      if (lane.waiting.length > 0) {
        if (first === null || lane.finish < first.finish) first = lane
      } else if (lane.finish <= this.#virtualTime) {
        this.#lanes.delete(name)
      }
    }
    const item = first?.waiting.shift()
    if (first === null || item === undefined) return null
    this.#size--
    this.#virtualTime = Math.max(this.#virtualTime, first.finish)
    first.finish = this.#virtualTime + item.bytes
    return item
  }

  /** @returns false when it does not wait here */
  remove(item: T): boolean {
    const waiting = this.#lanes.get(item.lane)?.waiting ?? []
    const at = waiting.indexOf(item)
    if (at === -1) return false
    waiting.splice(at, 1)
    this.#size--
    return true
  }
}
