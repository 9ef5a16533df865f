import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { isSystemError } from '../disk/system-error.ts'
import { WindlassError } from '../errors/windlass-error.ts'
import type { HashFailure, HashReply, HashRequest } from './hash-messages.ts'

interface Waiting {
  readonly resolve: (hex: string) => void
  readonly reject: (error: Error) => void
  readonly onProgress: ((hashedBytes: number) => void) | undefined
}

/**
 * The hashing thread as seen from outside. Keeps the process alive only while somebody
 * waits for a digest. Once it has died it stays dead: start another one.
 */
export class HashThread {
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  #death: WindlassError | null = null

  constructor() {
    // Run from sources this file ends in .ts, and built in .js: so does the thread's.
    const name = `./hash-worker${extname(import.meta.url)}`
    this.#worker = new Worker(new URL(name, import.meta.url), {
      name: 'windlass-hash',
      // The thread needs none of the process's own options, and some of them forbid a thread.
      execArgv: [],
    })
    this.#worker.unref()
    this.#worker.on('message', (reply: HashReply) => this.#receive(reply))
    this.#worker.on('error', (error) => this.#die(error))
    this.#worker.on('exit', (code) => this.#die(new Error(`exit code ${code}`)))
  }

  get isDead(): boolean {
    return this.#death !== null
  }

  send(request: HashRequest): void {
    this.#worker.postMessage(request)
  }

  /**
   * Waits for the answer to a `finish` that is sent now.
   * @throws WindlassError WORKER_LOST when the thread dies, TOO_MANY_FILES when it could not
   *   begin for want of descriptors, PARTIAL_LOST when the file is
   *   shorter than it was said to be; the system's own errors of reading
   */
  async finish(
    id: number,
    sizeBytes: number,
    onProgress?: (hashedBytes: number) => void,
  ): Promise<string> {
    if (this.#death !== null) throw this.#death
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    this.#waiting.set(id, { resolve, reject, onProgress })
    this.#worker.ref()
    this.send({ type: 'finish', id, sizeBytes, tellsProgress: onProgress !== undefined })
    return promise
  }

  /** Nobody waits for this digest any more. */
  forget(id: number): void {
    this.#waiting.delete(id)
    if (this.#waiting.size === 0) this.#worker.unref()
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }

  #receive(reply: HashReply): void {
    const waiting = this.#waiting.get(reply.id)
    if (reply.type === 'progress') {
      waiting?.onProgress?.(reply.hashedBytes)
      return
    }
    this.forget(reply.id)
    if (reply.type === 'finished') waiting?.resolve(reply.hex)
    else waiting?.reject(revive(reply.failure))
  }

  #die(cause: Error): void {
    this.#death ??= new WindlassError(lacksDescriptors(cause) ? 'TOO_MANY_FILES' : 'WORKER_LOST', {
      detail: 'hashing',
      cause,
    })
    for (const { reject } of this.#waiting.values()) reject(this.#death)
    this.#waiting.clear()
  }
}

/** A thread needs descriptors to begin. Node tells the reason why it could not in words only. */
function lacksDescriptors(cause: Error): boolean {
  if (isSystemError(cause, 'EMFILE', 'ENFILE')) return true
  const isStart = 'code' in cause && cause.code === 'ERR_WORKER_INIT_FAILED'
  return isStart && /\bE[MN]FILE\b/.test(cause.message)
}

function revive({ message, fields }: HashFailure): Error {
  if (fields.code === 'FILE_TOO_SHORT')
    return new WindlassError('PARTIAL_LOST', { detail: message })
  return Object.assign(new Error(message), fields)
}
