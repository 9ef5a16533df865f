import type { Figure, Target } from '../bench-case.ts'
import type { Run } from '../measure/run-measured.ts'
import { wallsOf } from '../measure/run-rounds.ts'
import { pairedRatios, spreadOf } from '../measure/spread.ts'

export interface Contest {
  readonly names: readonly [ours: string, theirs: string]
  readonly runs: readonly [ours: readonly Run[], theirs: readonly Run[]]
  readonly target: Target
}

/** The ratio of the wall times, and both of them for context. */
export function contestFigures({ names, runs, target }: Contest): readonly Figure[] {
  const [ours, theirs] = names
  const [ourWalls, theirWalls] = [wallsOf(runs[0]), wallsOf(runs[1])]
  return [
    { name: `${ours} / ${theirs}`, unit: 'x', value: pairedRatios(ourWalls, theirWalls), target },
    wallFigure(ours, runs[0]),
    wallFigure(theirs, runs[1]),
  ]
}

/** Wall time for context. */
export function wallFigure(name: string, runs: readonly Run[]): Figure {
  return { name, unit: 's', value: spreadOf(wallsOf(runs)), target: null }
}
