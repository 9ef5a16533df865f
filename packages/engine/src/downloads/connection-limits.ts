import type { ConnectionBudget } from './connection-budget.ts'

interface AtWork {
  readonly budget: ConnectionBudget
  readonly own: number | null
  /** More may be used now than before. */
  readonly onGrow: () => void
}

/** How many connections each download may have, those at work included. */
export class ConnectionLimits {
  readonly #atWork = new Set<AtWork>()
  #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  /** `own`: what the download was given by itself. */
  limitFor(own: number | null): number {
    return Math.min(this.#limit, own ?? this.#limit)
  }

  /**
   * From now on the budget follows the limit.
   * @returns the function that ends it
   */
  follow(member: AtWork): () => void {
    this.#atWork.add(member)
    return () => this.#atWork.delete(member)
  }

  set(limit: number): void {
    if (limit === this.#limit) return
    this.#limit = limit
    for (const { budget, own, onGrow } of this.#atWork) {
      const before = budget.limit
      budget.resize(this.limitFor(own))
      if (budget.limit > before) onGrow()
    }
  }
}
