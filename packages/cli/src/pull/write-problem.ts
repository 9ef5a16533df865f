import type { DownloadRequest, Problem } from '@windlass/contract'
import type { CliHost } from '../host.ts'

/** Tells programs of a refusal, on stdout; people are told beside it. */
export function writeProblem(
  { stdout }: Pick<CliHost, 'stdout'>,
  { ref }: DownloadRequest,
  problem: Problem,
): void {
  stdout.write(`${JSON.stringify({ ref, problem })}\n`)
}
