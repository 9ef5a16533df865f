import type { Figure } from '../bench-case.ts'
import type { MachineFacts } from './machine-facts.ts'

/** How a case ended. */
export type CaseOutcome =
  | { readonly kind: 'measured'; readonly figures: readonly Figure[] }
  | { readonly kind: 'skipped' | 'failed'; readonly reason: string }

/** Everything that one run of the bench found out; its JSON has this shape. */
export interface Report {
  readonly startedAt: string
  readonly machine: MachineFacts
  /** Ours, and what each outside program says about its own. */
  readonly versions: Readonly<Record<string, string>>
  readonly largeBytes: number
  readonly rounds: number
  readonly cases: readonly {
    readonly name: string
    readonly title: string
    readonly outcome: CaseOutcome
  }[]
}

/** Null where there is no target. */
export function meetsTarget({ value, target }: Figure): boolean | null {
  if (target === null) return null
  return 'most' in target ? value.median <= target.most : value.median >= target.least
}
