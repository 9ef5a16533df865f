import type { Digest } from '../sources/source.ts'
import { hashSmallFile } from './hash-small-file.ts'
import { HashThread } from './hash-thread.ts'
import type { FileHasher, FinishOptions, Hashing } from './hasher.ts'
import { untilAbort } from './until-abort.ts'

/** Files up to this size are read once, when they are complete. */
const SMALL_BYTES = 1024 * 1024
/** The thread hears of progress in steps of this size: a thousand messages a second help nobody. */
const ADVANCE_BYTES = 4 * 1024 * 1024

interface HashTarget {
  readonly path: string
  readonly algorithm: Digest['algorithm']
  readonly sizeBytes: number
}

/**
 * Hashes in one thread of its own, which re-reads files behind the bytes that are
 * complete, out of the page cache. It is started by the first large file, and again when
 * it died.
 */
export function createHashing(): Hashing {
  let thread: HashThread | null = null
  let lastId = 0
  let isClosed = false
  function liveThread(): HashThread {
    if (isClosed) throw new TypeError('hashing is closed')
    if (thread === null || thread.isDead) thread = new HashThread()
    return thread
  }
  return {
    open(path, algorithm, sizeBytes) {
      const target = { path, algorithm, sizeBytes }
      if (sizeBytes <= SMALL_BYTES) return smallFileHasher(target)
      lastId += 1
      return new FollowingHasher(lastId, target, liveThread)
    },
    async close() {
      isClosed = true
      await thread?.close()
    },
  }
}

function smallFileHasher({ path, algorithm }: HashTarget): FileHasher {
  return {
    advance() {},
    async finish(sizeBytes, { signal }) {
      signal.throwIfAborted()
      return untilAbort(hashSmallFile(path, algorithm, sizeBytes), signal)
    },
    dispose() {},
  }
}

class FollowingHasher implements FileHasher {
  readonly #id: number
  readonly #target: HashTarget
  readonly #liveThread: () => HashThread
  #thread: HashThread
  #announcedBytes = 0
  #isDisposed: boolean = false

  constructor(id: number, target: HashTarget, liveThread: () => HashThread) {
    this.#id = id
    this.#target = target
    this.#liveThread = liveThread
    this.#thread = this.#join()
  }

  advance(contiguousBytes: number): void {
    // A dead thread is replaced at the end: until then nobody waits.
    if (this.#isDisposed || this.#thread.isDead) return
    if (contiguousBytes < this.#announcedBytes) {
      this.#thread.send({ type: 'restart', id: this.#id })
      this.#announcedBytes = 0
    }
    if (contiguousBytes - this.#announcedBytes >= ADVANCE_BYTES) {
      this.#thread.send({ type: 'advance', id: this.#id, contiguousBytes })
      this.#announcedBytes = contiguousBytes
    }
  }

  async finish(sizeBytes: number, { signal, onProgress }: FinishOptions): Promise<string> {
    signal.throwIfAborted()
    if (this.#isDisposed) throw new TypeError('the hasher was disposed')
    if (this.#thread.isDead) this.#thread = this.#join()
    try {
      return await untilAbort(this.#thread.finish(this.#id, sizeBytes, onProgress), signal)
    } finally {
      this.#thread.forget(this.#id)
    }
  }

  dispose(): void {
    if (this.#isDisposed) return
    this.#isDisposed = true
    if (!this.#thread.isDead) this.#thread.send({ type: 'dispose', id: this.#id })
  }

  #join(): HashThread {
    const thread = this.#liveThread()
    thread.send({ type: 'open', id: this.#id, ...this.#target })
    return thread
  }
}
