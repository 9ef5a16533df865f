import type { BenchCase, Figure, Target } from '../bench-case.ts'
import { curl } from '../contestants/outside-program.ts'
import { windlassPull } from '../contestants/windlass.ts'
import type { Run } from '../measure/run-measured.ts'
import { runRounds } from '../measure/run-rounds.ts'
import { spreadOf } from '../measure/spread.ts'
import { largeModel } from './large-model.ts'

const GIB = 1024 ** 3
const MIB = 1024 ** 2
const SMALLER = 8

export const cost: BenchCase = {
  name: 'cost',
  title: 'processor time and memory of that pull, from start to end; curl for comparison',
  tools: ['nginx', 'curl', 'time'],
  async run(bench) {
    const { id, file } = await largeModel(bench)
    const smaller = await largeModel(bench, { sizeBytes: bench.largeBytes / SMALLER })
    const contestants = {
      windlass: windlassPull(bench, { model: id }),
      'windlass, an eighth': windlassPull(bench, { model: smaller.id }),
      curl: curl(bench, await bench.origin.addressOf(file)),
    }
    const runs = await runRounds(contestants, bench)
    return [
      processorFigure('windlass', runs.windlass, file.sizeBytes, { most: 2.2 }),
      memoryFigure('windlass, peak resident', runs.windlass, { most: 200 }),
      memoryFigure('windlass, of a file an eighth as large', runs['windlass, an eighth'], null),
      processorFigure('curl -o', runs.curl, file.sizeBytes, null),
    ]
  },
}

function processorFigure(
  name: string,
  runs: readonly Run[],
  sizeBytes: number,
  target: Target | null,
): Figure {
  const seconds = runs.map(({ cpuSeconds }) => (cpuSeconds ?? Number.NaN) / (sizeBytes / GIB))
  return { name: `${name}, user + system`, unit: 's/GiB', value: spreadOf(seconds), target }
}

/** Peak resident size of each run. */
export function memoryFigure(name: string, runs: readonly Run[], target: Target | null): Figure {
  const peaks = runs.map(({ peakBytes }) => (peakBytes ?? Number.NaN) / MIB)
  return { name, unit: 'MiB', value: spreadOf(peaks), target }
}
