import type { Hash } from 'node:crypto'
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs'
import type { Digest } from '../sources/source.ts'
import type { HashFailure } from './hash-messages.ts'
import { startHash } from './start-hash.ts'

/** What a step led to. `idle`: nothing to do until somebody says more. */
export type HashStep =
  | { readonly kind: 'idle' | 'more' }
  | { readonly kind: 'finished'; readonly hex: string }
  | { readonly kind: 'failed'; readonly failure: HashFailure }

const IDLE: HashStep = { kind: 'idle' }
const MORE: HashStep = { kind: 'more' }

/** One file being hashed in the hashing thread, a piece at a time. */
export class HashJob {
  readonly #path: string
  readonly #algorithm: Digest['algorithm']
  #sizeBytes: number
  #hash: Hash
  #fd: number | null = null
  /** The file was opened before it was complete. */
  #isFollowing: boolean = false
  #hashedBytes = 0
  #frontier = 0
  #isFinishing: boolean = false
  #failure: HashFailure | null = null

  constructor(options: {
    readonly path: string
    readonly algorithm: Digest['algorithm']
    readonly sizeBytes: number
  }) {
    this.#path = options.path
    this.#algorithm = options.algorithm
    this.#sizeBytes = options.sizeBytes
    this.#hash = startHash(options.algorithm, options.sizeBytes)
  }

  advance(contiguousBytes: number): void {
    this.#frontier = Math.max(this.#frontier, contiguousBytes)
  }

  /** Begins anew, with whatever file has the path by then. */
  restart(): void {
    this.close()
    this.#hash = startHash(this.#algorithm, this.#sizeBytes)
    this.#hashedBytes = 0
    this.#frontier = 0
    this.#isFinishing = false
    this.#failure = null
  }

  /** Asks for the digest over exactly `sizeBytes`. */
  finish(sizeBytes: number, { anew }: { readonly anew: boolean } = { anew: false }): void {
    if (anew || sizeBytes !== this.#sizeBytes || sizeBytes < this.#hashedBytes) {
      this.#sizeBytes = sizeBytes
      this.restart()
    }
    this.#frontier = sizeBytes
    this.#isFinishing = true
  }

  get hashedBytes(): number {
    return this.#hashedBytes
  }

  /** Reads and hashes at most one buffer of bytes behind the frontier. */
  step(buffer: Buffer): HashStep {
    const failure = this.#failure ?? this.#readOnce(buffer)
    if (failure !== null) {
      // A file that is still growing may be replaced before anybody asks for its digest.
      this.#failure = failure
      return this.#isFinishing ? this.#settle({ kind: 'failed', failure }) : IDLE
    }
    if (this.#hashedBytes < this.#frontier) return MORE
    if (!this.#isFinishing) return IDLE
    if (this.#isReplaced()) {
      this.finish(this.#sizeBytes, { anew: true })
      return MORE
    }
    return this.#settle({ kind: 'finished', hex: this.#hash.copy().digest('hex') })
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd)
    this.#fd = null
  }

  #readOnce(buffer: Buffer): HashFailure | null {
    const wanted = Math.min(buffer.length, this.#frontier - this.#hashedBytes)
    if (wanted <= 0) return null
    try {
      if (this.#fd === null) {
        this.#fd = openSync(this.#path, constants.O_RDONLY | constants.O_NOFOLLOW)
        this.#isFollowing = !this.#isFinishing
      }
      const bytes = readSync(this.#fd, buffer, 0, wanted, this.#hashedBytes)
      if (bytes === 0) return tooShort(this.#path, this.#hashedBytes)
      this.#hash.update(buffer.subarray(0, bytes))
      this.#hashedBytes += bytes
      return null
    } catch (error) {
      if (!(error instanceof Error)) throw error
      const { message, code, errno, syscall, path } = error as NodeJS.ErrnoException
      return { message, fields: { code, errno, syscall, path } }
    }
  }

  /** Whether the path names another file by now than the one that was hashed. */
  #isReplaced(): boolean {
    if (this.#fd === null || !this.#isFollowing) return false
    const hashed = fstatSync(this.#fd)
    const there = lstatSync(this.#path, { throwIfNoEntry: false })
    return there !== undefined && (there.ino !== hashed.ino || there.dev !== hashed.dev)
  }

  #settle(step: HashStep): HashStep {
    this.#isFinishing = false
    this.close()
    return step
  }
}

/** `FILE_TOO_SHORT` is ours: the file ends before the bytes that are said to be there. */
function tooShort(path: string, bytes: number): HashFailure {
  return { message: `${path} ends after ${bytes} bytes`, fields: { code: 'FILE_TOO_SHORT', path } }
}
