import { syncDirectory } from './durable-rename.ts'

/** Shares the fsync of a folder among all who wait for it at the same time. */
export class DirectorySyncs {
  readonly #running = new Map<string, Promise<void>>()
  readonly #next = new Map<string, Promise<void>>()

  /** Returns when an fsync that began after this call has ended. */
  sync(path: string): Promise<void> {
    const waiting = this.#next.get(path)
    if (waiting !== undefined) return waiting
    const running = this.#running.get(path)
    if (running === undefined) return this.#start(path)
    // The running one may have begun before the caller's rename, so it proves nothing.
    const next = running.then(ignore, ignore).then(() => {
      this.#next.delete(path)
      return this.#start(path)
    })
    this.#next.set(path, next)
    return next
  }

  #start(path: string): Promise<void> {
    const sync = syncDirectory(path).finally(() => {
      if (this.#running.get(path) === sync) this.#running.delete(path)
    })
    this.#running.set(path, sync)
    return sync
  }
}

/** The outcome of a shared fsync belongs to those who wait for that one. */
function ignore(): void {}
