import type { Bench } from './bench.ts'
import type { Spread } from './measure/spread.ts'
import type { ToolName } from './tools.ts'

/** What a value has to keep to. */
export type Target = { readonly most: number } | { readonly least: number }

/** One figure of the report. */
export interface Figure {
  /** What was measured; a ratio names ours first: `windlass / curl -o`. */
  readonly name: string
  /** `x` for a ratio. */
  readonly unit: 'x' | 's/GiB' | 's' | 'ms' | 'MiB'
  readonly value: Spread
  /** Null for what is shown for context. */
  readonly target: Target | null
}

/** Something that is measured beside its peers. */
export interface BenchCase {
  readonly name: string
  /** One line, for the report and for the help. */
  readonly title: string
  /** Without all of these it is skipped, and the report says so. */
  readonly tools: readonly ToolName[]
  run(bench: Bench): Promise<readonly Figure[]>
}
