import type { Clock } from '../../runtime/clock.ts'

/** Unsynced bytes that start a checkpoint. */
const DUE_BYTES = 64 * 1024 * 1024
/** Age of unsynced bytes that starts a checkpoint: half of what a power cut may cost. */
const DUE_MS = 2_500
/** What a power cut may cost: whichever of the two is more. */
const LIMIT_BYTES = 64 * 1024 * 1024
const LIMIT_MS = 5_000

export interface CheckpointerOptions {
  readonly clock: Pick<Clock, 'monotonicMs'>
  /** Makes everything durable that was written before it started. Calls `started` at that moment. */
  readonly checkpoint: (started: () => void) => Promise<void>
}

/**
 * Decides when the bytes of one file are synced: beside the transfer, one sync at a time,
 * and holding the transfer only when a disk is too slow for the promise.
 */
export class Checkpointer {
  readonly #options: CheckpointerOptions
  #running: Promise<void> | null = null
  #failure: { readonly error: unknown } | null = null
  /** Bytes, and the time of the first of them, that no finished checkpoint covers. */
  #unsafe = { bytes: 0, sinceMs: 0 }
  /** The same for those that came after the running checkpoint began. */
  #later = { bytes: 0, sinceMs: 0 }

  constructor(options: CheckpointerOptions) {
    this.#options = options
  }

  /**
   * Takes note of bytes that were written. Waits while too many are at risk.
   * @throws what an earlier checkpoint failed with
   */
  async wrote(bytes: number): Promise<void> {
    this.#throwFailure()
    const now = this.#options.clock.monotonicMs()
    for (const span of [this.#unsafe, this.#later]) {
      if (span.bytes === 0) span.sinceMs = now
      span.bytes += bytes
    }
    const ageMs = now - this.#unsafe.sinceMs
    if (this.#unsafe.bytes >= DUE_BYTES || ageMs >= DUE_MS) this.#start()
    if (this.#unsafe.bytes > LIMIT_BYTES && ageMs > LIMIT_MS) {
      await this.#running
      this.#throwFailure()
    }
  }

  /**
   * Waits for the running checkpoint; with `all` makes one of what is left.
   * @throws what a checkpoint failed with
   */
  async settle(options: { readonly all: boolean }): Promise<void> {
    await this.#running
    this.#throwFailure()
    if (!options.all || this.#unsafe.bytes === 0) return
    this.#start()
    await this.#running
    this.#throwFailure()
  }

  #start(): void {
    this.#running ??= this.#run()
  }

  async #run(): Promise<void> {
    try {
      await this.#options.checkpoint(() => {
        this.#later = { bytes: 0, sinceMs: 0 }
      })
      this.#unsafe = this.#later
      this.#later = { ...this.#unsafe }
    } catch (error) {
      this.#failure = { error }
    } finally {
      this.#running = null
    }
  }

  #throwFailure(): void {
    if (this.#failure !== null) throw this.#failure.error
  }
}
