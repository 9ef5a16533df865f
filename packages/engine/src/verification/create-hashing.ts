import type { Digest } from '../sources/source.ts'
import { HashThread } from './hash-thread.ts'
import type { FileHasher, Hashing } from './hasher.ts'
import { untilAbort } from './until-abort.ts'

/** Files up to this size are read when they are complete: following them is not worth the messages. */
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
 * complete, out of the page cache. It is started by the first file, and again when it died.
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
      lastId += 1
      return new FollowingHasher(lastId, { path, algorithm, sizeBytes }, liveThread)
    },
    async close() {
      isClosed = true
      await thread?.close()
    },
  }
}

class FollowingHasher implements FileHasher {
  readonly #id: number
  readonly #target: HashTarget
  readonly #liveThread: () => HashThread
  /** Null until there is something to tell it. */
  #thread: HashThread | null = null
  #announcedBytes = 0
  #isDisposed: boolean = false

  constructor(id: number, target: HashTarget, liveThread: () => HashThread) {
    this.#id = id
    this.#target = target
    this.#liveThread = liveThread
  }

  advance(contiguousBytes: number): void {
    if (this.#isDisposed || this.#target.sizeBytes <= SMALL_BYTES) return
    // A dead thread is replaced at the end: until then nobody waits.
    if (this.#thread?.isDead === true) return
    if (contiguousBytes < this.#announcedBytes) {
      this.#thread?.send({ type: 'restart', id: this.#id })
      this.#announcedBytes = 0
    }
    if (contiguousBytes - this.#announcedBytes >= ADVANCE_BYTES) {
      this.#thread ??= this.#join()
      this.#thread.send({ type: 'advance', id: this.#id, contiguousBytes })
      this.#announcedBytes = contiguousBytes
    }
  }

  async finish(sizeBytes: number, { signal }: { readonly signal: AbortSignal }): Promise<string> {
    signal.throwIfAborted()
    if (this.#isDisposed) throw new TypeError('the hasher was disposed')
    const thread = this.#thread?.isDead === false ? this.#thread : this.#join()
    this.#thread = thread
    try {
      return await untilAbort(thread.finish(this.#id, sizeBytes), signal)
    } finally {
      thread.forget(this.#id)
    }
  }

  dispose(): void {
    if (this.#isDisposed) return
    this.#isDisposed = true
    if (this.#thread?.isDead === false) this.#thread.send({ type: 'dispose', id: this.#id })
  }

  #join(): HashThread {
    const thread = this.#liveThread()
    thread.send({ type: 'open', id: this.#id, ...this.#target })
    return thread
  }
}
