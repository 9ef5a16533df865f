/** Lets one waiter sleep until somebody wakes it; a wake before the sleep is not lost. */
export class Waker {
  #next = Waker.#fresh()

  wake(): void {
    this.#next.resolve()
  }

  fail(error: unknown): void {
    this.#next.reject(error)
  }

  /** Fails with the signal's reason when it aborts, until the returned function is called. */
  failWith(signal: AbortSignal): () => void {
    const abort = (): void => this.fail(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    return () => signal.removeEventListener('abort', abort)
  }

  /** Resolves at the next wake, or the one since the last call; rejects with what it was failed with. */
  async woken(): Promise<void> {
    await this.#next.promise
    this.#next = Waker.#fresh()
  }

  static #fresh(): PromiseWithResolvers<void> {
    const fresh = Promise.withResolvers<void>()
    // Whoever does not wait for it does not miss it, so it must not count as unhandled.
    fresh.promise.catch(() => undefined)
    return fresh
  }
}
