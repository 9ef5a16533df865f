/** Hosts to remember at most; the oldest is forgotten. */
const MAX_HOSTS = 1000

/** What hosts were found to get wrong, for as long as the carrier lives. */
export class HostMemory {
  readonly #misreadingIfRange = new Set<string>()

  /** True when the host answers with the whole file whenever `If-Range` is sent. */
  misreadsIfRange(host: string): boolean {
    return this.#misreadingIfRange.has(host)
  }

  noteMisreadIfRange(host: string): void {
    this.#misreadingIfRange.add(host)
    const [oldest] = this.#misreadingIfRange
    if (this.#misreadingIfRange.size > MAX_HOSTS && oldest !== undefined) {
      this.#misreadingIfRange.delete(oldest)
    }
  }
}
