import type { Clock } from '../../runtime/clock.ts'
import { StopRequest } from '../../runtime/stop-request.ts'
import { FairQueue, type Queued } from './fair-queue.ts'
import { TokenBucket } from './token-bucket.ts'

export type BandwidthClock = Pick<Clock, 'monotonicMs' | 'sleep'>

/** Somebody who wants to pass. */
export interface Turn extends Queued {
  /** Called once when it has passed; not when `pass` said so itself. */
  readonly passed: () => void
}

/** A wake-up more often would cost more than it smooths. */
const SHORTEST_SLEEP_MS = 4

/** One limit: so many bytes a second, shared fairly by the downloads below it. */
export class FairBucket {
  readonly #clock: BandwidthClock
  readonly #bucket: TokenBucket
  readonly #queue = new FairQueue<Turn>()
  #sleeping: AbortController | null = null
  #lifted = false

  constructor(bytesPerSecond: number, clock: BandwidthClock) {
    this.#clock = clock
    this.#bucket = new TokenBucket(bytesPerSecond, clock.monotonicMs())
  }

  get bytesPerSecond(): number {
    return this.#bucket.bytesPerSecond
  }

  /** @returns true when the turn has passed at once */
  pass(turn: Turn): boolean {
    if (this.#lifted) return true
    this.#fill()
    if (this.#queue.size === 0 && this.#bucket.waitMs === 0) {
      this.#bucket.charge(turn.bytes)
      return true
    }
    this.#queue.add(turn)
    this.#sleep()
    return false
  }

  /** Counts bytes that came without a turn, or gives some back. Never waits. */
  charge(bytes: number): void {
    this.#fill()
    this.#bucket.charge(bytes)
  }

  /** Takes back a turn that has not passed yet; one that has is given back its bytes. */
  withdraw(turn: Turn): void {
    if (!this.#queue.remove(turn)) this.charge(-turn.bytes)
    else if (this.#queue.size === 0) this.#wake()
  }

  setRate(bytesPerSecond: number): void {
    this.#fill()
    this.#bucket.setRate(bytesPerSecond)
    this.#wake()
    this.#serve()
  }

  /** There is no such limit any more: whoever waits passes. */
  lift(): void {
    this.#lifted = true
    this.#wake()
    for (let turn = this.#queue.next(); turn !== null; turn = this.#queue.next()) turn.passed()
  }

  #fill(): void {
    this.#bucket.fill(this.#clock.monotonicMs(), this.#queue.size > 0)
  }

  #serve(): void {
    this.#fill()
    while (this.#bucket.waitMs === 0) {
      const turn = this.#queue.next()
      if (turn === null) return
      this.#bucket.charge(turn.bytes)
      turn.passed()
    }
    this.#sleep()
  }

  #sleep(): void {
    if (this.#sleeping !== null || this.#queue.size === 0) return
    const sleeping = new AbortController()
    this.#sleeping = sleeping
    const ms = Math.max(SHORTEST_SLEEP_MS, this.#bucket.waitMs)
    void this.#clock.sleep(ms, { signal: sleeping.signal }).then(
      () => {
        this.#sleeping = null
        this.#serve()
      },
      () => undefined, // woken below, by whoever serves instead
    )
  }

  #wake(): void {
    this.#sleeping?.abort(new StopRequest('shutdown'))
    this.#sleeping = null
  }
}
