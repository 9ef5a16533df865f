import { Socket } from 'node:net'

/** The connection behind it. */
export interface ReplaySource {
  readonly resume: () => void
  readonly destroy: () => void
  /** The answer was read to its end, and another request may follow. */
  readonly giveBack: () => void
}

/**
 * A connection whose request went out already, as one that waits for it: what is written
 * goes nowhere, and the first write lets the answer come, from its first byte on.
 */
export class ReplayedSocket extends Socket {
  readonly #source: ReplaySource
  #held: (Buffer | null)[] | null = []
  #isGivenBack: boolean = false

  constructor(source: ReplaySource) {
    super()
    this.#source = source
  }

  /** The next bytes of the answer, null at its end. @returns false when no more should come for now */
  replay(bytes: Buffer | null): boolean {
    if (this.destroyed) return false
    if (this.#held === null) return this.push(bytes)
    this.#held.push(bytes)
    return false
  }

  /** Lets the connection go, in a state in which it can be asked again. */
  giveBack(): void {
    this.#isGivenBack = !this.destroyed
    this.destroy()
  }

  override _read(): void {
    if (this.#held === null) this.#source.resume()
  }

  override _write(_chunk: unknown, _encoding: BufferEncoding, done: () => void): void {
    this.#begin()
    done()
  }

  override _writev(_chunks: unknown, done: () => void): void {
    this.#begin()
    done()
  }

  override _final(done: () => void): void {
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (this.#isGivenBack) this.#source.giveBack()
    else this.#source.destroy()
    done(error)
    // Node's own sockets say so themselves.
    process.nextTick(() => this.emit('close', error !== null))
  }

  #begin(): void {
    const held = this.#held ?? []
    this.#held = null
    for (const bytes of held) this.push(bytes)
    this.#source.resume()
  }
}
