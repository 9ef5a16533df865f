import type { BenchCase } from '../bench-case.ts'
import { pythonClient } from '../contestants/python-client.ts'
import { windlassPull } from '../contestants/windlass.ts'
import { runRounds } from '../measure/run-rounds.ts'
import { contestFigures } from './figures.ts'
import { largeModel } from './large-model.ts'

const target = { most: 0.5 }

export const againstPython: BenchCase = {
  name: 'python',
  title: "the same against the Hub's own client, which verifies nothing, without and with hf_xet",
  tools: ['nginx', 'python'],
  async run(bench) {
    const plain = await largeModel(bench)
    const xet = await largeModel(bench, { xet: true })
    const contestants = {
      windlass: windlassPull(bench, { model: plain.id }),
      python: pythonClient(bench, { model: plain.id, xet: false }),
      'python with hf_xet': pythonClient(bench, { model: xet.id, xet: true }),
    }
    const runs = await runRounds(contestants, bench)
    const [ours, ...theirs] = contestFigures({
      names: ['windlass', 'snapshot_download'],
      runs: [runs.windlass, runs.python],
      target,
    })
    const withXet = contestFigures({
      names: ['windlass', 'snapshot_download with hf_xet'],
      runs: [runs.windlass, runs['python with hf_xet']],
      target,
    })
    return [ours, withXet[0], ...theirs, withXet[2]].filter((figure) => figure !== undefined)
  },
}
