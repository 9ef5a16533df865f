import { type Client, isApiError, keepGoing } from '@windlass/client'
import type { Download, DownloadRequest, DownloadSummary, Problem } from '@windlass/contract'
import { EXIT_CODES, type ExitCode, exitCodeOf } from '../exit-codes.ts'

/** One reference of a pull, and what became of it. */
export interface PullItem {
  readonly request: DownloadRequest
  /** Absent until the owner of the home has accepted it. */
  id?: string
  /** Why it was not accepted. */
  problem?: Problem
}

/**
 * Hands the item to the owner of the home and sees to it that it runs: asking again
 * for what was paused, blocked, cancelled or failed means to go on with it.
 * A refusal is kept in the item; null then.
 * @throws ApiError SERVER_UNREACHABLE
 */
export async function submitItem(client: Client, item: PullItem): Promise<Download | null> {
  try {
    const { created, download } = await client.start(item.request)
    item.id = download.id
    return created ? download : await keepGoing(client, download)
  } catch (error) {
    if (!isApiError(error) || error.code === 'SERVER_UNREACHABLE') throw error
    item.problem = error.problem
    return null
  }
}

/** What the shell is told about one item at the end of a pull. */
export function exitCodeOfItem(item: PullItem, download: DownloadSummary | undefined): ExitCode {
  if (item.problem !== undefined) return exitCodeOf(item.problem.code)
  switch (download?.state) {
    case 'completed':
      return EXIT_CODES.done
    case 'blocked':
      return EXIT_CODES.blocked
    case 'failed':
      return download.reason?.code === 'INTERNAL' ? EXIT_CODES.bug : EXIT_CODES.failed
    case 'cancelled':
    case undefined:
      return EXIT_CODES.failed
    default:
      return EXIT_CODES.interrupted
  }
}
