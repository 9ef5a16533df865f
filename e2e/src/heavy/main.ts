import { parseArgs } from 'node:util'
import { volumeObstacle } from './ext4-volume.ts'
import { kills } from './kills.ts'
import { powerCuts } from './power-cuts.ts'
import type { Proof } from './proof.ts'
import { reportLines } from './report-lines.ts'
import { say } from './say.ts'
import { soak } from './soak.ts'

const USAGE = `usage: npm run proofs kills -- [--count N] [--seed S]
       npm run proofs power -- [--count N] [--seed S]
       npm run proofs soak -- [--minutes M] [--rate BYTES_PER_SECOND] [--seed S]
`

/** @throws RangeError when `text` is no number above 0: a proof of nothing would always succeed */
function positive(text: string): number {
  const value = Number(text)
  if (value > 0 && Number.isFinite(value)) return value
  throw new RangeError(`${text} is not a number above 0`)
}

async function run(signal: AbortSignal): Promise<readonly Proof[]> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seed: { type: 'string' },
      count: { type: 'string' },
      minutes: { type: 'string', default: '60' },
      rate: { type: 'string', default: '500000' },
    },
  })
  const common = { seed: values.seed, say, signal }
  switch (positionals[0]) {
    case 'kills': {
      const count = positive(values.count ?? '500')
      const one = await kills({ ...common, connections: 1, count: Math.ceil(count / 2) })
      const eight = await kills({ ...common, connections: 8, count: Math.floor(count / 2) })
      return [one, eight]
    }
    case 'power': {
      const obstacle = await volumeObstacle()
      if (obstacle !== null) throw new Error(obstacle)
      return [await powerCuts({ ...common, count: positive(values.count ?? '100') })]
    }
    case 'soak': {
      const minutes = positive(values.minutes)
      const bytesPerSecond = positive(values.rate)
      return [await soak({ ...common, minutes, bytesPerSecond, stalls: true })]
    }
    default:
      process.stderr.write(USAGE)
      process.exitCode = 2
      return []
  }
}

const controller = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  // A second one would leave processes and a mounted volume behind as well.
  process.on(name, () => controller.abort(new Error(`ended by ${name}`)))
}
for (const proof of await run(controller.signal)) {
  say('')
  for (const line of reportLines(proof)) say(line)
  if (proof.broken.length > 0) process.exitCode = 1
}
