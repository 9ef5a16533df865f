import type { TrafficCounter } from '../traffic.ts'
import type { FairBucket, Turn } from './fair-bucket.ts'
import type { ByteMeter } from './throttle.ts'

export interface MeterOptions {
  /** The limits that count for this body at this moment, the narrowest first. */
  readonly route: () => readonly FairBucket[]
  /** The download. */
  readonly lane: string
  readonly signal: AbortSignal
  readonly counter: TrafficCounter
}

/** What a body may read on one turn, as time at the lowest limit: longer ones at high rates save pauses. */
const PORTION_SECONDS = 0.01
const LARGEST_PORTION = 1024 * 1024
const SMALLEST_PIECE = 16 * 1024

interface Waiting {
  readonly promise: Promise<void>
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
}

/**
 * One body's way through its limits. Each byte is charged when it comes, or before; a body
 * that has used up its portion takes a turn at one limit after the other for the next one.
 */
export class RouteMeter implements ByteMeter {
  readonly #options: MeterOptions
  /** Charged, and not come yet. */
  #credit = 0
  #route: readonly FairBucket[] = []
  /** How many limits of the route the turn has gone to. */
  #at = 0
  #turn: Turn | null = null
  #waiting: Waiting | null = null
  #closed = false

  constructor(options: MeterOptions) {
    this.#options = options
    options.signal.addEventListener('abort', this.#abort, { once: true })
    if (options.signal.aborted) this.close()
  }

  get pieceBytes(): number {
    const route = this.#options.route()
    return route.length === 0 ? LARGEST_PORTION : Math.max(SMALLEST_PIECE, portionOf(route))
  }

  take(bytes: number): Promise<void> | null {
    this.#options.counter.bytes += bytes
    const route = this.#options.route()
    if (route.length === 0 || this.#closed) {
      this.#credit = 0
      return null
    }
    if (this.#turn !== null) {
      // A rest that came with the end of the connection, while its turn was still to come.
      for (const bucket of route) bucket.charge(bytes)
      return this.#waiting?.promise ?? null
    }
    this.#credit -= bytes
    if (this.#credit > 0) return null
    for (const bucket of route) bucket.charge(-this.#credit)
    this.#credit = 0
    return this.#queueUp(route, bytes)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#options.signal.removeEventListener('abort', this.#abort)
    this.#giveBack()
    this.#waiting?.resolve()
  }

  #queueUp(route: readonly FairBucket[], bytes: number): Promise<void> | null {
    this.#route = route
    this.#at = 0
    this.#turn = {
      lane: this.#options.lane,
      bytes: Math.max(bytes, portionOf(route)),
      passed: () => {
        if (this.#advance()) this.#waiting?.resolve()
      },
    }
    if (this.#advance()) return null
    this.#waiting = Promise.withResolvers<void>()
    return this.#waiting.promise
  }

  /** @returns true when the turn has passed every limit */
  #advance(): boolean {
    const turn = this.#turn
    if (turn === null) return false
    for (;;) {
      const bucket = this.#route[this.#at]
      if (bucket === undefined) break
      this.#at++
      if (!bucket.pass(turn)) return false
    }
    this.#credit = turn.bytes
    this.#turn = null
    return true
  }

  #giveBack(): void {
    if (this.#turn === null) for (const bucket of this.#route) bucket.charge(-this.#credit)
    else for (const bucket of this.#route.slice(0, this.#at)) bucket.withdraw(this.#turn)
    this.#turn = null
    this.#credit = 0
  }

  readonly #abort = (): void => {
    const waiting = this.#waiting
    this.#waiting = null
    this.close()
    waiting?.reject(this.#options.signal.reason)
  }
}

function portionOf(route: readonly FairBucket[]): number {
  const lowest = Math.min(...route.map(({ bytesPerSecond }) => bytesPerSecond))
  return Math.floor(Math.min(LARGEST_PORTION, lowest * PORTION_SECONDS))
}
