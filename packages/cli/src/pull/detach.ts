import type { DownloadRequest } from '@windlass/contract'
import type { CommandContext } from '../command-context.ts'
import { EXIT_CODES, type ExitCode, exitCodeOf, mostSerious } from '../exit-codes.ts'
import { describeState } from '../render/describe-state.ts'
import { nameOf } from '../render/event-line.ts'
import { failureLines } from '../render/failure-lines.ts'
import { paintFor } from '../render/paint.ts'
import { withConnection } from '../with-connection.ts'
import { type PullItem, submitItem } from './pull-item.ts'
import { writeProblem } from './write-problem.ts'

/** Puts the requests into the queue and leaves; stdout gets one id for each. */
export async function detach(
  context: CommandContext,
  requests: readonly DownloadRequest[],
  flags: { readonly json?: boolean; readonly quiet?: boolean },
): Promise<ExitCode> {
  const { host } = context
  const paint = paintFor(host.stderr, host.env)
  const tell = (line: string): void => host.stderr.write(`${line}\n`)
  return await withConnection(context, async (connection) => {
    const codes: ExitCode[] = []
    for (const request of requests) {
      const item: PullItem = { request }
      const download = await submitItem(connection.client, item)
      if (item.problem !== undefined) {
        const { code, detail, hint } = item.problem
        if (flags.json) writeProblem(host, request, item.problem)
        failureLines({ message: `${request.ref}: ${detail}`, hint }, paint).forEach(tell)
        codes.push(exitCodeOf(code))
      } else if (download !== null) {
        if (!flags.quiet) tell(`${nameOf(download)}: ${describeState(download, host.clock.now())}`)
        host.stdout.write(`${flags.json ? JSON.stringify(download) : download.id}\n`)
        codes.push(EXIT_CODES.done)
      }
    }
    if (connection.role === 'owner' && codes.includes(EXIT_CODES.done) && !flags.quiet) {
      tell(
        'No Windlass is running on this home: it starts with `windlass serve`, or the next `windlass pull`.',
      )
    }
    return mostSerious(codes)
  })
}
