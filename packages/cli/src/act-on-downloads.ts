import type { BulkAction, Client } from '@windlass/client'
import type { DownloadSummary, Problem } from '@windlass/contract'
import type { CommandContext } from './command-context.ts'
import { EXIT_CODES, type ExitCode, exitCodeOf, mostSerious } from './exit-codes.ts'
import { describeState } from './render/describe-state.ts'
import { nameOf } from './render/event-line.ts'
import { failureLines } from './render/failure-lines.ts'
import { paintFor } from './render/paint.ts'
import { formatBytes, formatCount } from './render/quantities.ts'

/** The API takes this many ids at once. */
const BATCH = 1000

/** Does `action` to each download and prints what became of it, one line each; as it came from the API with `json`. */
export async function actOnDownloads(
  context: CommandContext,
  client: Client,
  options: {
    readonly action: BulkAction
    readonly downloads: readonly DownloadSummary[]
    readonly json: boolean
  },
): Promise<ExitCode> {
  const codes: ExitCode[] = []
  const ids = options.downloads.map((download) => download.id)
  for (let start = 0; start < ids.length; start += BATCH) {
    const { results } = await client.bulk(options.action, { ids: ids.slice(start, start + BATCH) })
    for (const result of results) {
      const { download, id, problem } = result
      if (options.json) context.host.stdout.write(`${JSON.stringify(result)}\n`)
      else if (problem === undefined) tellDone(context, download)
      codes.push(problem === undefined ? EXIT_CODES.done : tellProblem(context, id, problem))
    }
  }
  return mostSerious(codes)
}

/** One line for a download that did what it was told. */
function tellDone({ host }: CommandContext, download: DownloadSummary | undefined): void {
  if (download === undefined) return
  const removed = download.receipt
  const receipt =
    removed === undefined || download.state !== 'cancelled'
      ? ''
      : `; removed ${formatCount(removed.files, 'file')}, ${formatBytes(removed.bytes)}`
  const state = describeState(download, host.clock.now())
  host.stdout.write(`${download.id}  ${nameOf(download)}: ${state}${receipt}\n`)
}

/** What went wrong with one of several. */
export function tellProblem({ host }: CommandContext, id: string, problem: Problem): ExitCode {
  const failure = { message: `${id}: ${problem.detail}`, hint: problem.hint }
  host.stderr.write(`${failureLines(failure, paintFor(host.stderr, host.env)).join('\n')}\n`)
  return exitCodeOf(problem.code)
}
