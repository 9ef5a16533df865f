/** What the person allows the engine to do; all of it may come from the environment. */
export interface EngineLimits {
  /** Downloads at once. */
  readonly maxActive: number
  /** Downloads that may wait; beyond it a new one is refused. 0 = refuse as soon as every slot is busy. */
  readonly maxQueued: number
  /** Connections of one download. */
  readonly connections: number
  /** Attempts without progress before a download gives up. */
  readonly retries: number
  /** Running time after which a download gives up, in milliseconds. */
  readonly timeLimitMs: number
}

/** Free space that a download leaves alone: the larger of the two. */
export interface ReservePolicy {
  /** Share of the download's own size, 0.1 for a tenth. */
  readonly share: number
  readonly minBytes: number
}
