import type { BorrowedConnection, SpareConnections } from '../carriers/carrier.ts'
import { StopRequest } from '../runtime/stop-request.ts'

interface Loan {
  readonly recall: AbortController
}

/**
 * The connections of one download, shared by its files. Each file at work has one of its
 * own; what is left may be borrowed, and is recalled as soon as another file begins.
 */
export class ConnectionBudget implements SpareConnections {
  /** What the download may have, and what the machine turned out to bear. */
  #allowed: number
  #bearable = Number.POSITIVE_INFINITY
  #own = 0
  readonly #loans = new Set<Loan>()
  readonly #waiting: (() => void)[] = []

  constructor(limit: number) {
    this.#allowed = limit
  }

  get limit(): number {
    return Math.min(this.#allowed, this.#bearable)
  }

  /** Connections in use. */
  get used(): number {
    return this.#own + this.#loans.size
  }

  /**
   * Waits for a file's own connection.
   * @returns the function that gives it back; calling it again changes nothing
   */
  async enter(options: { readonly signal: AbortSignal }): Promise<() => void> {
    options.signal.throwIfAborted()
    if (this.used >= this.limit || this.#waiting.length > 0) await this.#wait(options.signal)
    else this.#own++
    let isIn = true
    return () => {
      if (isIn) this.#own--
      isIn = false
      this.#serve()
    }
  }

  borrow(): BorrowedConnection | null {
    if (this.used >= this.limit || this.#waiting.length > 0) return null
    const loan: Loan = { recall: new AbortController() }
    this.#loans.add(loan)
    return {
      recalled: loan.recall.signal,
      giveBack: () => {
        this.#loans.delete(loan)
        this.#serve()
      },
    }
  }

  /** From now on there are no more than this: what is lent beyond them is recalled. */
  shrinkTo(limit: number): void {
    this.#bearable = Math.min(this.#bearable, Math.max(1, limit))
    this.#recallSurplus()
  }

  /** What is lent beyond it is recalled; a file at work keeps its own one to its end. */
  resize(limit: number): void {
    this.#allowed = limit
    this.#recallSurplus()
    this.#serve()
  }

  #recallSurplus(): void {
    const kept = [...this.#loans].filter(({ recall }) => !recall.signal.aborted).length
    for (let surplus = this.#own + kept - this.limit; surplus > 0; surplus--) this.#recallOne()
  }

  async #wait(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const stop = (): void => {
      this.#waiting.splice(this.#waiting.indexOf(resolve), 1)
      reject(signal.reason)
    }
    this.#waiting.push(resolve)
    signal.addEventListener('abort', stop, { once: true })
    this.#recallOne()
    try {
      await promise
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }

  /** The youngest first: it has the least to lose. */
  #recallOne(): void {
    const loan = [...this.#loans].findLast(({ recall }) => !recall.signal.aborted)
    loan?.recall.abort(new StopRequest('shutdown'))
  }

  #serve(): void {
    while (this.used < this.limit) {
      const next = this.#waiting.shift()
      if (next === undefined) return
      this.#own++
      next()
    }
  }
}
