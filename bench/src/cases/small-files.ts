import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BenchCase } from '../bench-case.ts'
import { aria2 } from '../contestants/outside-program.ts'
import { pythonClient } from '../contestants/python-client.ts'
import { windlassPull } from '../contestants/windlass.ts'
import { runRounds } from '../measure/run-rounds.ts'
import { memoryFigure } from './cost.ts'
import { contestFigures } from './figures.ts'

const COUNT = 1500
const SIZE_BYTES = 16 * 1024
const MODEL = 'bench/small'

export const smallFiles: BenchCase = {
  name: 'small-files',
  title: `${COUNT} files of 16 KiB against the Hub's own client and aria2c -j16, by the same addresses`,
  tools: ['nginx', 'python', 'aria2c'],
  async run(bench) {
    const paths = Array.from({ length: COUNT }, (_, at) => `part-${at}.bin`)
    const files = paths.map((path) => ({ path, content: { seed: path, sizeBytes: SIZE_BYTES } }))
    await bench.origin.model(MODEL, files)
    const list = join(bench.folder, 'list')
    const hub = bench.origin.hub.endpoint
    await writeFile(list, paths.map((path) => `${hub}/${MODEL}/resolve/main/${path}\n`).join(''))
    const contestants = {
      windlass: windlassPull(bench, { model: MODEL }),
      python: pythonClient(bench, { model: MODEL, xet: false }),
      aria2c: aria2(bench, ['-j16', '-i', list]),
    }
    const runs = await runRounds(contestants, bench)
    const python = contestFigures({
      names: ['windlass', 'snapshot_download'],
      runs: [runs.windlass, runs.python],
      target: { most: 0.2 },
    })
    const aria = contestFigures({
      names: ['windlass', 'aria2c -j16'],
      runs: [runs.windlass, runs.aria2c],
      target: { most: 1 },
    })
    const figures = [python[0], aria[0], python[1], python[2], aria[2]]
    const memory = memoryFigure('windlass, peak resident', runs.windlass, { most: 200 })
    return [...figures.filter((figure) => figure !== undefined), memory]
  },
}
