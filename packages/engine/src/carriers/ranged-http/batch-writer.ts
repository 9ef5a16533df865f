import type { Clock } from '../../runtime/clock.ts'
import type { BufferPool } from './buffer-pool.ts'
import type { PartFile } from './part-file.ts'

/** A slow line writes at least this often, so that its progress is seen and safe. */
const BATCH_MS = 250

export interface BatchWriterOptions {
  readonly part: Pick<PartFile, 'write'>
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly buffers: Pick<BufferPool, 'take' | 'giveBack'>
  readonly start: number
}

/** Gathers the bytes of one connection where they are read, and writes them in large pieces, without a copy. */
export class BatchWriter {
  readonly #options: BatchWriterOptions
  #position: number
  /** Those before the last one are full. */
  #gathered: Buffer[] = []
  #gatheredBytes = 0
  /** Of the last one. */
  #usedBytes = 0
  #sinceMs = 0
  #writing: Promise<void> | null = null
  #failure: { readonly error: unknown } | null = null

  constructor(options: BatchWriterOptions) {
    this.#options = options
    this.#position = options.start
  }

  /** Where the next bytes go: at least one. */
  room(): Buffer {
    const last = this.#gathered.at(-1)
    if (last !== undefined && this.#usedBytes < last.length) return last.subarray(this.#usedBytes)
    const buffer = this.#options.buffers.take()
    this.#gathered.push(buffer)
    this.#usedBytes = 0
    return buffer
  }

  /**
   * So many bytes are in the room. Returns a promise only when the disk is behind: wait for
   * it before more is read. It rejects with what an earlier write failed with.
   */
  filled(bytes: number): Promise<void> | null {
    if (this.#failure !== null) return Promise.reject(this.#failure.error)
    const now = this.#options.clock.monotonicMs()
    if (this.#gatheredBytes === 0) this.#sinceMs = now
    this.#gatheredBytes += bytes
    this.#usedBytes += bytes
    const isFull = this.#isLastFull()
    if (!isFull && now - this.#sinceMs < BATCH_MS) return null
    if (this.#writing !== null) return isFull ? this.#continue() : null
    this.#begin({ isPartial: true })
    return null
  }

  /** Writes what is left and gives all buffers back. @throws what a write failed with, the first one */
  async flush(): Promise<void> {
    try {
      while (this.#writing !== null || this.#gatheredBytes > 0) {
        if (this.#failure !== null) break
        if (this.#writing === null) this.#begin({ isPartial: true })
        await this.#writing
      }
    } finally {
      for (const buffer of this.#gathered.splice(0)) this.#options.buffers.giveBack(buffer)
    }
    if (this.#failure !== null) throw this.#failure.error
  }

  async #continue(): Promise<void> {
    await this.#writing
    if (this.#failure !== null) throw this.#failure.error
    // Into the last one somebody may be reading just now.
    if (this.#writing === null && this.#gatheredBytes > 0) this.#begin({ isPartial: false })
  }

  #isLastFull(): boolean {
    return this.#usedBytes === this.#gathered.at(-1)?.length
  }

  /** Writes the full buffers, and the last one if it `isPartial`. */
  #begin({ isPartial }: { readonly isPartial: boolean }): void {
    const takesLast = this.#isLastFull() || (isPartial && this.#usedBytes > 0)
    const buffers = this.#gathered.splice(0, this.#gathered.length - (takesLast ? 0 : 1))
    const pieces = [...buffers]
    if (takesLast)
      pieces.push(...pieces.splice(-1).map((last) => last.subarray(0, this.#usedBytes)))
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0)
    if (bytes === 0) return
    if (takesLast) this.#usedBytes = 0
    this.#gatheredBytes -= bytes
    this.#writing = this.#write(pieces, bytes, buffers)
    this.#position += bytes
  }

  async #write(
    pieces: readonly Buffer[],
    bytes: number,
    buffers: readonly Buffer[],
  ): Promise<void> {
    const { part, buffers: pool } = this.#options
    try {
      await part.write(this.#position, pieces, bytes)
    } catch (error) {
      this.#failure = { error }
    } finally {
      this.#writing = null
      for (const buffer of buffers) pool.giveBack(buffer)
    }
  }
}
