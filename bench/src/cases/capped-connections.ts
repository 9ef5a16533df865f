import type { BenchCase } from '../bench-case.ts'
import { windlassPull } from '../contestants/windlass.ts'
import { runRounds, wallsOf } from '../measure/run-rounds.ts'
import { pairedRatios } from '../measure/spread.ts'
import { startRelay } from '../origin/start-relay.ts'
import { wallFigure } from './figures.ts'
import { largeModel } from './large-model.ts'

const BYTES_PER_SECOND = 20_000_000
/** Half of the large file: one connection alone takes a minute for it. */
const SMALLER = 2

export const cappedConnections: BenchCase = {
  name: 'capped',
  title: 'a server that sends 20 MB/s on each connection: 8 connections against 1',
  tools: ['nginx'],
  async run(bench) {
    const { origin } = bench
    const { id } = await largeModel(bench, { sizeBytes: bench.largeBytes / SMALLER })
    const pullOver = (connections: string) =>
      windlassPull(bench, { model: id, env: { WINDLASS_CONNECTIONS: connections } })
    const relay = await startRelay({ target: origin.nginx.plain, bytesPerSecond: BYTES_PER_SECOND })
    try {
      origin.redirectTo(relay.url)
      const runs = await runRounds({ one: pullOver('1'), eight: pullOver('8') }, bench)
      const value = pairedRatios(wallsOf(runs.one), wallsOf(runs.eight))
      return [
        { name: '1 connection / 8 connections', unit: 'x', value, target: { least: 7.5 } },
        wallFigure('windlass, 1 connection', runs.one),
        wallFigure('windlass, 8 connections', runs.eight),
      ]
    } finally {
      origin.redirectTo(origin.nginx.plain)
      await relay.close()
    }
  },
}
