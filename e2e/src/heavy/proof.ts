/** What every heavy proof is told. */
export interface ProofOptions {
  /** Of all that is random in the run; a new one when absent. It is the first thing that is said. */
  readonly seed?: string | undefined
  /** Takes one line of what is found, as soon as it is known. */
  readonly say: (line: string) => void
  /** Ends the run early: it rejects with the reason, and leaves nothing behind. */
  readonly signal?: AbortSignal | undefined
}

/** What a heavy proof found. */
export interface Proof {
  /** What was measured, by what it is called in the report. */
  readonly figures: Readonly<Record<string, string | number>>
  /** Promises that did not hold, each in words. Empty when all of them did. */
  readonly broken: readonly string[]
}
