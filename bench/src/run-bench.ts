import { join } from 'node:path'
import { Closer } from '@windlass/engine'
import type { Bench } from './bench.ts'
import type { BenchCase } from './bench-case.ts'
import { openOrigin } from './origin/open-origin.ts'
import { readMachineFacts } from './report/machine-facts.ts'
import { ownVersion } from './report/own-version.ts'
import type { CaseOutcome, Report } from './report/report.ts'
import { findTools, toolVersions, whatIsMissing } from './tools.ts'

export interface BenchOptions {
  readonly cases: readonly BenchCase[]
  /** Where programs are looked for, as in `PATH`. */
  readonly path: string
  /** Empty, on a real disk; whoever made it removes it. */
  readonly folder: string
  readonly largeBytes: number
  readonly rounds: number
  readonly signal: AbortSignal
  say(line: string): void
}

/** Runs the cases one after the other; one that fails does not keep the others from running. */
export async function runBench(options: BenchOptions): Promise<Report> {
  const { cases, folder, largeBytes, rounds, signal, say } = options
  const startedAt = new Date().toISOString()
  const machine = await readMachineFacts(folder)
  const tools = findTools(options.path)
  const versions = { windlass: await ownVersion(), ...(await toolVersions(tools)) }
  const closer = new Closer()
  const outcomes: { name: string; title: string; outcome: CaseOutcome }[] = []
  try {
    let bench: Bench | undefined
    for (const one of cases) {
      const { name, title } = one
      say(`\n${name}: ${title}`)
      const reason = whatIsMissing(one.tools, tools)
      if (reason !== null) {
        say(`skipped: ${reason}`)
        outcomes.push({ name, title, outcome: { kind: 'skipped', reason } })
        continue
      }
      bench ??= {
        origin: closer.add('origin', await openOrigin(tools, join(folder, 'origin')), (origin) =>
          origin.close(),
        ),
        tools,
        largeBytes,
        rounds,
        folder,
        compileCache: join(folder, 'compile-cache'),
        signal,
        say,
      }
      outcomes.push({ name, title, outcome: await measure(one, bench) })
    }
  } finally {
    await closer.close()
  }
  return { startedAt, machine, versions, largeBytes, rounds, cases: outcomes }
}

async function measure(one: BenchCase, bench: Bench): Promise<CaseOutcome> {
  try {
    return { kind: 'measured', figures: await one.run(bench) }
  } catch (error) {
    bench.signal.throwIfAborted()
    const reason = error instanceof Error ? error.message.trimEnd() : String(error)
    bench.say(`failed: ${reason}`)
    return { kind: 'failed', reason }
  }
}
