import type { Origin } from './origin/open-origin.ts'
import type { Tools } from './tools.ts'

/** What every case gets. */
export interface Bench {
  readonly origin: Origin
  readonly tools: Tools
  /** Size of the large file. */
  readonly largeBytes: number
  /** Counted rounds; one more runs before them. */
  readonly rounds: number
  /** A folder on a real disk, for what contestants write. */
  readonly folder: string
  /** Where Node keeps what it compiled of us, as it does for `./windlass`. */
  readonly compileCache: string
  readonly signal: AbortSignal
  /** Tells a person what goes on. */
  say(line: string): void
}
