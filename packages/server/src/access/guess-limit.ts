import { type Clock, WindlassError } from '@windlass/engine'

const WINDOW_MS = 60_000
const MOST_WRONG = 10
const LONGEST_PAUSE_MS = 15 * 60_000
const MOST_CLIENTS = 10_000

interface Tally {
  wrong: number
  /** Times in a row that the client went on guessing right after a pause. */
  pauses: number
  /** Monotonic. */
  until: number
}

/**
 * Slows down who guesses secrets: ten wrong ones within a minute, and the client is refused for a
 * minute, then for two, then four, up to a quarter of an hour, whatever it shows meanwhile. Showing
 * nothing is no guess.
 */
export class GuessLimit {
  readonly #clock: Clock
  readonly #tallies = new Map<string, Tally>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @throws WindlassError TOO_MANY_GUESSES, with the time from which on it may try again */
  requireRoom(client: string): void {
    const tally = this.#tallies.get(client)
    const leftMs = tally === undefined ? 0 : tally.until - this.#clock.monotonicMs()
    if (tally === undefined || tally.wrong < MOST_WRONG || leftMs <= 0) return
    throw new WindlassError('TOO_MANY_GUESSES', { retryAt: this.#clock.now() + leftMs })
  }

  /** A secret was wrong. */
  count(client: string): void {
    const now = this.#clock.monotonicMs()
    const known = this.#tallies.get(client)
    const tally = known === undefined || known.until <= now ? followUp(known, now) : known
    tally.wrong++
    if (tally.wrong === MOST_WRONG) {
      tally.until = now + Math.min(LONGEST_PAUSE_MS, WINDOW_MS * 2 ** tally.pauses)
      tally.pauses++
    }
    this.#tallies.delete(client)
    this.#tallies.set(client, tally)
    const [oldest] = this.#tallies.keys()
    if (this.#tallies.size > MOST_CLIENTS && oldest !== undefined) this.#tallies.delete(oldest)
  }

  /** A secret was right. */
  forgive(client: string): void {
    this.#tallies.delete(client)
  }
}

/** A new window; pauses are forgotten after as long a time without one. */
function followUp(before: Tally | undefined, now: number): Tally {
  const isSoon = before !== undefined && now - before.until < LONGEST_PAUSE_MS
  return { wrong: 0, pauses: isSoon ? before.pauses : 0, until: now + WINDOW_MS }
}
