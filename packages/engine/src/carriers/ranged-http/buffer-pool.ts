/**
 * Holds the bytes that one connection gathers before they are written. Two of them, one being
 * written and one being filled, what TLS had decrypted when it was told to wait, and what
 * may be written without a record are less than 1 MiB: what a kill may cost per connection.
 */
const BUFFER_BYTES = 320 * 1024
/** More free ones than this are left to the garbage collector. */
const MOST_FREE = 32

/** Buffers that are used again: new ones would fill memory faster than the garbage collector runs. */
export class BufferPool {
  readonly #free: Buffer[] = []
  #lent = 0

  /** Buffers that were taken and not given back. */
  get lent(): number {
    return this.#lent
  }

  /** A buffer with whatever was in it before. */
  take(): Buffer {
    this.#lent += 1
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES)
  }

  giveBack(buffer: Buffer): void {
    this.#lent -= 1
    if (this.#free.length < MOST_FREE) this.#free.push(buffer)
  }
}
