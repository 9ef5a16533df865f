/** Several measurements of one thing. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
  readonly samples: readonly number[]
}

/** @throws RangeError without samples: nothing was measured, and 0 would say otherwise */
export function spreadOf(samples: readonly number[]): Spread {
  const sorted = [...samples].sort((a, b) => a - b)
  const min = sorted[0]
  const max = sorted.at(-1)
  const lower = sorted[Math.floor((sorted.length - 1) / 2)]
  const upper = sorted[Math.ceil((sorted.length - 1) / 2)]
  if (min === undefined || max === undefined || lower === undefined || upper === undefined) {
    throw new RangeError('no samples')
  }
  return { median: (lower + upper) / 2, min, max, samples }
}

/**
 * Ratios of what was measured in the same round, so that what slows the machine down for a while
 * slows down both.
 */
export function pairedRatios(ours: readonly number[], theirs: readonly number[]): Spread {
  if (ours.length !== theirs.length) throw new RangeError('not measured in pairs')
  return spreadOf(ours.map((value, at) => value / (theirs[at] ?? Number.NaN)))
}
