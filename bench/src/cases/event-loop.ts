import { fileURLToPath } from 'node:url'
import type { BenchCase } from '../bench-case.ts'
import { inFreshFolder } from '../contestants/in-fresh-folder.ts'
import { windlassEnvironment } from '../contestants/windlass.ts'
import type { LoopDelay } from '../measure/loop-delay.ts'
import { runMeasured } from '../measure/run-measured.ts'
import { runRounds } from '../measure/run-rounds.ts'
import { spreadOf } from '../measure/spread.ts'
import { wallFigure } from './figures.ts'
import { largeModel } from './large-model.ts'

const SERVER = fileURLToPath(new URL('../measure/serve-and-pull-main.ts', import.meta.url))

export const eventLoop: BenchCase = {
  name: 'event-loop',
  title: 'how long the event loop of a server is held up while it pulls at full speed',
  tools: ['nginx'],
  async run(bench) {
    const { id } = await largeModel(bench)
    const server = () =>
      inFreshFolder(bench.folder, async (folder) => {
        const run = await runMeasured({
          program: process.execPath,
          args: ['--conditions=windlass-source', SERVER, id],
          env: windlassEnvironment(bench, folder),
          cwd: folder,
          time: null,
          signal: bench.signal,
        })
        // The program is ours, and prints exactly this.
        return { ...run, delay: JSON.parse(run.stdout) as LoopDelay }
      })
    const { server: runs } = await runRounds({ server }, bench)
    const spread = (pick: (delay: LoopDelay) => number) =>
      spreadOf(runs.map(({ delay }) => pick(delay)))
    return [
      {
        name: '99th percentile',
        unit: 'ms',
        value: spread((delay) => delay.p99Ms),
        target: { most: 20 },
      },
      { name: 'median', unit: 'ms', value: spread((delay) => delay.p50Ms), target: null },
      { name: 'longest', unit: 'ms', value: spread((delay) => delay.maxMs), target: null },
      wallFigure('server, start to end', runs),
    ]
  },
}
