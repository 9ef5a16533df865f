import type { Clock } from '../../runtime/clock.ts'
import { freeChunk } from './free-chunk.ts'
import type { PartFile } from './part-file.ts'

/**
 * Bytes that are gathered before they are written. Two such batches, one being written
 * and one being gathered, and the last chunk of each are less than 1 MiB: what a kill may
 * cost per connection.
 */
const BATCH_BYTES = 384 * 1024
/** A slow line writes at least this often, so that its progress is seen and safe. */
const BATCH_MS = 250

/** Gathers the chunks of one connection and writes them in large pieces, without a copy. */
export class BatchWriter {
  readonly #part: Pick<PartFile, 'write'>
  readonly #clock: Pick<Clock, 'monotonicMs'>
  #position: number
  #gathered: Buffer[] = []
  #gatheredBytes = 0
  #sinceMs = 0
  #writing: Promise<void> | null = null
  #failure: { readonly error: unknown } | null = null

  constructor(options: {
    readonly part: Pick<PartFile, 'write'>
    readonly clock: Pick<Clock, 'monotonicMs'>
    readonly start: number
  }) {
    this.#part = options.part
    this.#clock = options.clock
    this.#position = options.start
  }

  /**
   * Takes the next bytes, and the chunk itself: it may be emptied once it is written. Returns a promise only when the disk is behind: wait for it
   * before more is read. It rejects with what an earlier write failed with.
   */
  push(chunk: Buffer): Promise<void> | null {
    if (this.#failure !== null) return Promise.reject(this.#failure.error)
    const now = this.#clock.monotonicMs()
    if (this.#gatheredBytes === 0) this.#sinceMs = now
    this.#gathered.push(chunk)
    this.#gatheredBytes += chunk.length
    const isFull = this.#gatheredBytes >= BATCH_BYTES
    if (!isFull && now - this.#sinceMs < BATCH_MS) return null
    if (this.#writing !== null) return isFull ? this.#continue() : null
    this.#begin()
    return null
  }

  /** Writes what is left. @throws what a write failed with, the first one */
  async flush(): Promise<void> {
    while (this.#writing !== null || this.#gatheredBytes > 0) {
      if (this.#failure !== null) throw this.#failure.error
      if (this.#writing === null) this.#begin()
      await this.#writing
    }
    if (this.#failure !== null) throw this.#failure.error
  }

  async #continue(): Promise<void> {
    await this.#writing
    if (this.#failure !== null) throw this.#failure.error
    if (this.#writing === null && this.#gatheredBytes > 0) this.#begin()
  }

  #begin(): void {
    const buffers = this.#gathered
    const bytes = this.#gatheredBytes
    this.#gathered = []
    this.#gatheredBytes = 0
    this.#writing = this.#write(this.#position, buffers, bytes)
    this.#position += bytes
  }

  async #write(position: number, buffers: readonly Buffer[], bytes: number): Promise<void> {
    try {
      await this.#part.write(position, buffers, bytes)
      for (const buffer of buffers) freeChunk(buffer)
    } catch (error) {
      this.#failure = { error }
    } finally {
      this.#writing = null
    }
  }
}
