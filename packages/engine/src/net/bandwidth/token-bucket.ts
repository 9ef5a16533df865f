/** What an idle limit saves up. More would be a burst after each pause. */
const IDLE_DEPTH_SECONDS = 0.1
/** What a limit makes up for when this process was late while somebody was waiting. */
const BUSY_DEPTH_SECONDS = 0.5

/**
 * Bytes that may pass, refilled with time. The level may fall below zero: bytes that have
 * come already are charged at once, and the debt is waited out.
 */
export class TokenBucket {
  #bytesPerSecond: number
  #level = 0
  #filledAtMs: number

  constructor(bytesPerSecond: number, nowMs: number) {
    this.#bytesPerSecond = bytesPerSecond
    this.#filledAtMs = nowMs
  }

  get bytesPerSecond(): number {
    return this.#bytesPerSecond
  }

  /** Counts the time until `nowMs` (monotonic). `busy`: somebody was waiting all that time. */
  fill(nowMs: number, busy: boolean): void {
    const rate = this.#bytesPerSecond
    const depth = rate * (busy ? BUSY_DEPTH_SECONDS : IDLE_DEPTH_SECONDS)
    const earned = (Math.max(0, nowMs - this.#filledAtMs) / 1000) * rate
    this.#level = Math.min(depth, this.#level + earned)
    this.#filledAtMs = nowMs
  }

  /** Negative bytes are given back. */
  charge(bytes: number): void {
    this.#level -= bytes
  }

  /** Milliseconds until something may pass; 0 when it may now. */
  get waitMs(): number {
    return this.#level >= 0 ? 0 : (-this.#level / this.#bytesPerSecond) * 1000
  }

  /** From now on. Fill up to this moment first. */
  setRate(bytesPerSecond: number): void {
    this.#bytesPerSecond = bytesPerSecond
  }
}
