import { sha256OfRandomBytes } from '@windlass/testkit'
import type { BenchCase } from '../bench-case.ts'
import { aria2 } from '../contestants/outside-program.ts'
import { windlassPull } from '../contestants/windlass.ts'
import { runRounds } from '../measure/run-rounds.ts'
import { contestFigures } from './figures.ts'
import { largeModel } from './large-model.ts'

export const againstAria2: BenchCase = {
  name: 'aria2',
  title: 'the same against aria2c -x8 -s8 --checksum=sha-256=...',
  tools: ['nginx', 'aria2c'],
  async run(bench) {
    const { id, file } = await largeModel(bench)
    const checksum = `--checksum=sha-256=${await sha256OfRandomBytes(file)}`
    const address = await bench.origin.addressOf(file)
    const contestants = {
      windlass: windlassPull(bench, { model: id }),
      aria2c: aria2(bench, ['-x8', '-s8', checksum, address.href]),
    }
    const runs = await runRounds(contestants, bench)
    return contestFigures({
      names: ['windlass', 'aria2c -x8 --checksum'],
      runs: [runs.windlass, runs.aria2c],
      target: { most: 0.2 },
    })
  },
}
