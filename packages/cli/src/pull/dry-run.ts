import { isApiError } from '@windlass/client'
import type { DownloadPlan, DownloadRequest } from '@windlass/contract'
import type { CommandContext } from '../command-context.ts'
import { EXIT_CODES, type ExitCode, exitCodeOf, mostSerious } from '../exit-codes.ts'
import { failureLines } from '../render/failure-lines.ts'
import { paintFor } from '../render/paint.ts'
import { planLines } from '../render/plan-lines.ts'
import { withConnection } from '../with-connection.ts'
import { writeProblem } from './write-problem.ts'

/** Shows what the requests would fetch. Exit code 3 when it does not fit on the disk. */
export async function dryRun(
  context: CommandContext,
  requests: readonly DownloadRequest[],
  flags: { readonly json?: boolean },
): Promise<ExitCode> {
  const { host } = context
  const width = host.stdout.isTerminal ? host.stdout.columns() : null
  const paint = paintFor(host.stderr, host.env)
  return await withConnection(context, async ({ client }, signal) => {
    const codes: ExitCode[] = []
    for (const [index, request] of requests.entries()) {
      try {
        const plan = await client.plan(request, { signal })
        const separator = index > 0 && !flags.json ? '\n' : ''
        host.stdout.write(separator + textOf(plan, flags, width))
        codes.push(plan.fits ? EXIT_CODES.done : EXIT_CODES.blocked)
      } catch (error) {
        if (!isApiError(error)) throw error
        if (flags.json) writeProblem(host, request, error.problem)
        const failure = { message: `${request.ref}: ${error.detail}`, hint: error.hint }
        host.stderr.write(`${failureLines(failure, paint).join('\n')}\n`)
        codes.push(exitCodeOf(error.code))
      }
    }
    return mostSerious(codes)
  })
}

function textOf(
  plan: DownloadPlan,
  flags: { readonly json?: boolean },
  width: number | null,
): string {
  return flags.json ? `${JSON.stringify(plan)}\n` : `${planLines(plan, width).join('\n')}\n`
}
