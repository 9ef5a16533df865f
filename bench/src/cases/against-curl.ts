import type { BenchCase } from '../bench-case.ts'
import { curl } from '../contestants/outside-program.ts'
import { windlassPull } from '../contestants/windlass.ts'
import { runRounds } from '../measure/run-rounds.ts'
import { contestFigures } from './figures.ts'
import { largeModel } from './large-model.ts'

export const againstCurl: BenchCase = {
  name: 'curl',
  title: 'a verified pull of one large file against curl -o, unverified',
  tools: ['nginx', 'curl'],
  async run(bench) {
    const { id, file } = await largeModel(bench)
    const contestants = {
      windlass: windlassPull(bench, { model: id }),
      curl: curl(bench, await bench.origin.addressOf(file)),
    }
    const runs = await runRounds(contestants, bench)
    return contestFigures({
      names: ['windlass', 'curl -o'],
      runs: [runs.windlass, runs.curl],
      target: { most: 1 },
    })
  },
}
