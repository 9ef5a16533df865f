import type { BenchCase } from '../bench-case.ts'
import { curl } from '../contestants/outside-program.ts'
import { windlassPull } from '../contestants/windlass.ts'
import { runRounds } from '../measure/run-rounds.ts'
import { contestFigures } from './figures.ts'
import { largeModel } from './large-model.ts'

export const tls: BenchCase = {
  name: 'tls',
  title: 'the large file over TLS 1.3 against curl -o, unverified',
  tools: ['nginx', 'curl', 'openssl'],
  async run(bench) {
    const { origin } = bench
    const { certificate, nginx } = origin
    if (nginx.tls === null || certificate === null) throw new TypeError('openssl made TLS possible')
    const { id, file } = await largeModel(bench)
    const address = await origin.addressOf(file, nginx.tls)
    const contestants = {
      windlass: windlassPull(bench, { model: id, env: { NODE_EXTRA_CA_CERTS: certificate } }),
      curl: curl(bench, address, ['--cacert', certificate]),
    }
    try {
      origin.redirectTo(nginx.tls)
      const runs = await runRounds(contestants, bench)
      return contestFigures({
        names: ['windlass', 'curl -o'],
        runs: [runs.windlass, runs.curl],
        target: { most: 1.3 },
      })
    } finally {
      origin.redirectTo(nginx.plain)
    }
  },
}
