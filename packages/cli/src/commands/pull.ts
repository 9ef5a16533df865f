import type { DownloadRequest } from '@windlass/contract'
import { parseRate, RATE_WORDS } from '@windlass/server'
import { Command, InvalidArgumentError } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { createReporterLog } from '../command-log.ts'
import { EXIT_CODES, type ExitCode, mostSerious } from '../exit-codes.ts'
import { detach } from '../pull/detach.ts'
import { dryRun } from '../pull/dry-run.ts'
import { exitCodeOfItem } from '../pull/pull-item.ts'
import { type PullResult, runPull } from '../pull/run-pull.ts'
import { summaryLines } from '../pull/summary-lines.ts'
import { paintFor } from '../render/paint.ts'
import { printable } from '../render/printable.ts'
import { ProgressModel } from '../render/progress-model.ts'
import { createReporter } from '../reporters/create-reporter.ts'

export interface PullFlags {
  readonly revision?: string
  readonly include?: string[]
  readonly exclude?: string[]
  readonly priority?: number
  readonly connections?: number
  readonly limitRate?: number
  readonly dryRun?: boolean
  readonly detach?: boolean
  readonly json?: boolean
  readonly quiet?: boolean
}

const EXAMPLES = `
Examples:
  windlass pull Qwen/Qwen3-0.6B
  windlass pull unsloth/Qwen3-8B-GGUF:Q4_K_M
  windlass pull org/name --revision v1.0 --include '*.safetensors' --include '*.json'
  windlass pull https://huggingface.co/datasets/org/name
  windlass pull org/name --limit-rate 20M
  windlass pull org/name --dry-run

Ctrl-C pauses and keeps every byte; the same command goes on where it stood.
The last line of stdout is the path:  cd "$(windlass pull org/name)"
`

export function pullCommand(context: CommandContext): Command {
  return new Command('pull')
    .summary('download references and wait until they are complete')
    .description('Downloads what the references stand for, verifies it and prints where it is.')
    .argument('<ref...>', 'org/name, org/name@revision, org/name:QUANT, hf://..., or a Hub address')
    .option('--revision <revision>', 'branch, tag or commit')
    .option('--include <glob>', 'only files that match; may be repeated', collect)
    .option('--exclude <glob>', 'no files that match; may be repeated', collect)
    .option('--priority <number>', 'higher goes first (-1000 to 1000)', parsePriority)
    .option('--connections <number>', 'connections at most (1 to 64)', parseConnections)
    .option('--limit-rate <rate>', 'bytes per second at most, such as 20M', parseLimitRate)
    .option('--dry-run', 'show what would be fetched, fetch nothing')
    .option('--detach', 'put it in the queue and do not wait')
    .option('--json', 'one JSON object per line on stdout')
    .option('-q, --quiet', 'print nothing but the path')
    .addHelpText('after', EXAMPLES)
    .action(async (refs: string[], flags: PullFlags) => {
      const requests = refs.map((ref) => requestOf(ref, flags))
      if (flags.dryRun) context.finish(await dryRun(context, requests, flags))
      else if (flags.detach) context.finish(await detach(context, requests, flags))
      else context.finish(await pull(context, requests, { flags, args: argumentsOf(refs, flags) }))
    })
}

async function pull(
  context: CommandContext,
  requests: readonly DownloadRequest[],
  options: { readonly flags: PullFlags; readonly args: readonly string[] },
): Promise<ExitCode> {
  const { host } = context
  const settings = context.settings()
  const model = new ProgressModel()
  const reporter = createReporter(host, model, options.flags)
  let result: PullResult
  try {
    const connector = context.connector(settings, createReporterLog(reporter))
    result = await runPull({ requests, connector, host, model, reporter })
  } finally {
    reporter.close()
  }
  const find = (id: string) => model.find(id)
  const summary = { find, args: options.args, paint: paintFor(host.stderr, host.env) }
  for (const line of summaryLines(result, summary)) host.stderr.write(`${line}\n`)
  const code = exitCodeOfPull(result, model)
  if (options.flags.json) writeResult(context, { result, model, code })
  else writePaths(context, result, model)
  return code
}

function exitCodeOfPull(result: PullResult, model: ProgressModel): ExitCode {
  if (result.end === 'paused') return EXIT_CODES.interrupted
  if (result.end === 'terminated') return EXIT_CODES.terminated
  return mostSerious(
    result.items.map((item) =>
      exitCodeOfItem(item, item.id === undefined ? undefined : model.find(item.id)),
    ),
  )
}

function writePaths({ host }: CommandContext, { items }: PullResult, model: ProgressModel): void {
  for (const { id } of items) {
    const path = id === undefined ? undefined : model.find(id)?.result?.path
    if (path === undefined) continue
    // A pipe gets the path as it is; a terminal nothing that could steer it.
    host.stdout.write(`${host.stdout.isTerminal ? printable(path) : path}\n`)
  }
}

function writeResult(
  { host }: CommandContext,
  end: { readonly result: PullResult; readonly model: ProgressModel; readonly code: ExitCode },
): void {
  const downloads = end.result.items.map(({ id, problem, request }) => {
    const download = id === undefined ? undefined : end.model.find(id)
    return {
      ref: request.ref,
      ...(id === undefined ? {} : { id }),
      ...(download === undefined ? {} : { state: download.state }),
      ...(download?.result === undefined ? {} : { path: download.result.path }),
      ...(download?.reason === undefined ? {} : { reason: download.reason }),
      ...(problem === undefined ? {} : { problem }),
    }
  })
  host.stdout.write(`${JSON.stringify({ type: 'result', exitCode: end.code, downloads })}\n`)
}

function requestOf(ref: string, flags: PullFlags): DownloadRequest {
  const { connections, limitRate } = flags
  return {
    ref,
    ...(flags.revision === undefined ? {} : { revision: flags.revision }),
    ...(flags.include === undefined ? {} : { include: flags.include }),
    ...(flags.exclude === undefined ? {} : { exclude: flags.exclude }),
    ...(flags.priority === undefined ? {} : { priority: flags.priority }),
    ...(connections === undefined && limitRate === undefined
      ? {}
      : {
          options: {
            ...(connections === undefined ? {} : { connections }),
            ...(limitRate === undefined ? {} : { limitRate }),
          },
        }),
  }
}

function argumentsOf(refs: readonly string[], flags: PullFlags): string[] {
  const many = (flag: string, values: readonly string[] = []) =>
    values.flatMap((value) => [flag, value])
  const one = (flag: string, value: number | undefined) =>
    value === undefined ? [] : [flag, String(value)]
  return [
    ...refs,
    ...(flags.revision === undefined ? [] : ['--revision', flags.revision]),
    ...many('--include', flags.include),
    ...many('--exclude', flags.exclude),
    ...one('--priority', flags.priority),
    ...one('--connections', flags.connections),
    ...one('--limit-rate', flags.limitRate),
    ...(flags.json ? ['--json'] : []),
    ...(flags.quiet ? ['--quiet'] : []),
  ]
}

function collect(value: string, earlier: string[] = []): string[] {
  return [...earlier, value]
}

function parseConnections(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1 && value <= 64) return value
  throw new InvalidArgumentError('It must be a whole number from 1 to 64.')
}

function parseLimitRate(text: string): number {
  const rate = parseRate(text)
  if (rate !== null) return rate
  throw new InvalidArgumentError(`It must be ${RATE_WORDS}.`)
}

function parsePriority(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && Math.abs(value) <= 1000) return value
  throw new InvalidArgumentError('It must be a whole number from -1000 to 1000.')
}
