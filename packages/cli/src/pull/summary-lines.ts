import type { DownloadSummary } from '@windlass/contract'
import { nameOf } from '../render/event-line.ts'
import { failureLines } from '../render/failure-lines.ts'
import type { Paint } from '../render/paint.ts'
import { printable } from '../render/printable.ts'
import { formatBytesOf } from '../render/quantities.ts'
import { shellQuote } from '../render/shell-quote.ts'
import type { PullItem } from './pull-item.ts'
import type { PullResult } from './run-pull.ts'

export interface SummaryOptions {
  readonly find: (id: string) => DownloadSummary | undefined
  readonly paint: Paint
  /** The arguments of this run, to be repeated. */
  readonly args: readonly string[]
}

/** What a person is told at the end of a pull beside the paths: what went wrong, what is kept, how to go on. */
export function summaryLines(result: PullResult, options: SummaryOptions): string[] {
  const lines = result.items.flatMap((item) => itemLines(item, options))
  if (result.end === 'settled') return [...lines, ...pausedLines(result, options)]
  const begun = result.items.some((item) => item.id !== undefined)
  return [
    ...lines,
    ...(begun ? stoppedLines(result, options) : ['Stopped before anything was begun.']),
  ]
}

function itemLines(item: PullItem, { find, paint }: SummaryOptions): string[] {
  if (item.problem !== undefined) {
    const { detail, hint } = item.problem
    return failureLines({ message: `${printable(item.request.ref)}: ${detail}`, hint }, paint)
  }
  const download = item.id === undefined ? undefined : find(item.id)
  if (download === undefined) return []
  const { reason, state } = download
  if (state === 'failed' || state === 'blocked') {
    const message = `${nameOf(download)}: ${reason?.message ?? state}`
    const lines = failureLines({ message, hint: reason?.hint }, paint)
    const kept = state === 'blocked' && download.progress.receivedBytes > 0
    return kept ? [...lines, keptLine(download)] : lines
  }
  return state === 'cancelled'
    ? failureLines({ message: `${nameOf(download)}: cancelled` }, paint)
    : []
}

function keptLine({ progress }: DownloadSummary): string {
  return `Everything received is kept: ${formatBytesOf(progress.receivedBytes, progress.totalBytes)}.`
}

function stoppedLines(result: PullResult, options: SummaryOptions): string[] {
  if (result.end === 'paused') return pausedLines(result, options)
  return result.role === 'owner'
    ? [`Stopped; everything received is kept. Go on with: ${commandAgain(options)}`]
    : ['Stopped watching; the download goes on in the Windlass that runs.']
}

function pausedLines(result: PullResult, options: SummaryOptions): string[] {
  const paused = result.items
    .map((item) => (item.id === undefined ? undefined : options.find(item.id)))
    .filter((download) => download?.state === 'paused')
    .filter((download) => download !== undefined)
  if (paused.length === 0) return []
  const resume = `windlass resume ${paused.map((download) => download.id).join(' ')}`
  return [
    ...paused.map((download) => `${nameOf(download)}: paused. ${keptLine(download)}`),
    // Where this process did the work, nobody is left to do it after a `resume`.
    `Go on with: ${result.role === 'owner' ? commandAgain(options) : resume}`,
  ]
}

function commandAgain({ args }: SummaryOptions): string {
  return `windlass pull ${args.map(shellQuote).join(' ')}`
}
