import type { Run } from './run-measured.ts'

/** Prepares by itself what must not count, runs, and cleans up after itself. */
export type Contestant<R extends Run = Run> = () => Promise<R>

export interface Rounds {
  readonly rounds: number
  readonly signal: AbortSignal
  say(line: string): void
}

/**
 * Lets all contestants run in each round, one after the other; every other round goes backwards,
 * so that nobody always runs behind the same one. The first round fills caches and does not count.
 *
 * @returns the counted runs of each contestant, in the order of the rounds
 */
export async function runRounds<const Name extends string, R extends Run>(
  contestants: Readonly<Record<Name, Contestant<R>>>,
  { rounds, signal, say }: Rounds,
): Promise<Readonly<Record<Name, readonly R[]>>> {
  // Object.keys forgets that it knows the names.
  const names = Object.keys(contestants) as Name[]
  const runs = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, R[]>
  for (let round = 0; round <= rounds; round++) {
    const order = round % 2 === 0 ? names : names.toReversed()
    const walls: string[] = []
    for (const name of order) {
      signal.throwIfAborted()
      const run = await contestants[name]()
      if (round > 0) runs[name].push(run)
      walls.push(`${name} ${run.wallSeconds.toFixed(2)} s`)
    }
    say(`${round === 0 ? 'warm-up' : `round ${round}`}: ${walls.join(', ')}`)
  }
  return runs
}

/** Wall seconds of each run. */
export function wallsOf(runs: readonly Run[]): readonly number[] {
  return runs.map(({ wallSeconds }) => wallSeconds)
}
