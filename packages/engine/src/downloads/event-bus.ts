import type { WindlassEvent } from '@windlass/contract'

/** Hands events to whoever listens now. Delivery is synchronous and in order; a throwing listener hurts only itself. */
export class EventBus {
  readonly #listeners = new Set<(event: WindlassEvent) => void>()
  readonly #onListenerError: (error: unknown) => void

  constructor(options: { readonly onListenerError: (error: unknown) => void }) {
    this.#onListenerError = options.onListenerError
  }

  emit(event: WindlassEvent): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event)
      } catch (error) {
        this.#onListenerError(error)
      }
    }
  }

  /** Calls `listener` for every event until the returned function is called. */
  subscribe(listener: (event: WindlassEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
