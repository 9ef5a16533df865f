import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ALL_CASES } from './cases/all-cases.ts'
import { reportLines } from './report/report-lines.ts'
import { runBench } from './run-bench.ts'

const USAGE = `usage: npm run bench -- [CASE...] [--quick] [--rounds N] [--folder DIR] [--json FILE]

  --quick        a file of 256 MiB instead of 2 GiB, 3 rounds instead of 5: to try, not to quote
  --rounds N     how many rounds count
  --folder DIR   where everything is written, on a real disk (/var/tmp)
  --json FILE    the report with every sample

${ALL_CASES.map(({ name, title }) => `  ${name.padEnd(12)} ${title}`).join('\n')}
`
const MIB = 1024 ** 2
const INTERRUPTED = 130

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      folder: { type: 'string', default: '/var/tmp' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  const unknown = positionals.filter((name) => !ALL_CASES.some((one) => one.name === name))
  const rounds = Number(values.rounds ?? (values.quick ? 3 : 5))
  if (values.help || unknown.length > 0 || !(Number.isInteger(rounds) && rounds > 0)) {
    process.stderr.write(USAGE)
    return values.help ? 0 : 2
  }
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => stop.abort(new Error(`stopped by ${name}`)))
  }
  // Made here, so that it goes whatever happens.
  const folder = await mkdtemp(join(values.folder, 'windlass-bench-'))
  try {
    const report = await runBench({
      cases: ALL_CASES.filter(({ name }) => positionals.length === 0 || positionals.includes(name)),
      path: process.env['PATH'] ?? '',
      folder,
      largeBytes: (values.quick ? 256 : 2048) * MIB,
      rounds,
      signal: stop.signal,
      say: (line) => process.stderr.write(`${line}\n`),
    })
    process.stdout.write(`${reportLines(report).join('\n')}\n`)
    if (values.json !== undefined) {
      await writeFile(values.json, `${JSON.stringify(report, null, 2)}\n`)
    }
    return report.cases.some(({ outcome }) => outcome.kind === 'failed') ? 1 : 0
  } catch (error) {
    if (!stop.signal.aborted) throw error
    process.stderr.write(`${stop.signal.reason.message}\n`)
    return INTERRUPTED
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

process.exitCode = await main()
