import type { DownloadSummary } from '@windlass/contract'
import { describeState } from './describe-state.ts'
import { displayWidth } from './display-width.ts'
import { nameOf } from './event-line.ts'
import { formatBytes, formatPercent, formatSpeed } from './quantities.ts'
import { type Column, renderTable } from './render-table.ts'
import { wrapWords } from './wrap-words.ts'

const COLUMNS: readonly Column[] = [
  { title: 'ID' },
  { title: 'State' },
  { title: '%', align: 'right' },
  { title: 'Size', align: 'right' },
  { title: 'Speed', align: 'right' },
  { title: 'What', flexible: true },
  { title: 'Why' },
]
const SPEED = 4
const WHY = 6
const INDENT = '  '

/** The table of `ls`: no lines at all when there is nothing. Where it is too wide, reasons go below their rows. */
export function listLines(
  downloads: readonly DownloadSummary[],
  options: { readonly now: number; readonly width: number | null },
): string[] {
  if (downloads.length === 0) return []
  const rows = downloads.map((download) => rowOf(download, options.now))
  const hasReasons = rows.some((row) => row[WHY] !== '')
  const table = tableOf(rows, hasReasons ? [] : [WHY], null)
  const { width } = options
  if (width === null || table.every((line) => displayWidth(line) <= width)) return table
  const isMoving = rows.some((row) => row[SPEED] !== '')
  const [head = '', ...lines] = tableOf(rows, isMoving ? [WHY] : [SPEED, WHY], width)
  return [
    head,
    ...lines.flatMap((line, index) => {
      const reason = wrapWords(rows[index]?.[WHY] ?? '', width - INDENT.length)
      return [line, ...reason.map((text) => INDENT + text)]
    }),
  ]
}

function rowOf(download: DownloadSummary, now: number): string[] {
  const { progress, state } = download
  return [
    download.id,
    state,
    state === 'completed' ? '100' : formatPercent(progress.percent).replace(' %', ''),
    progress.totalBytes === null ? '' : formatBytes(progress.totalBytes),
    state === 'downloading' ? formatSpeed(progress.bytesPerSecond) : '',
    nameOf(download),
    reasonOf(download, now),
  ]
}

function tableOf(
  rows: readonly (readonly string[])[],
  without: readonly number[],
  width: number | null,
): string[] {
  const keep = <T>(cells: readonly T[]): T[] => cells.filter((_, index) => !without.includes(index))
  return renderTable(keep(COLUMNS), rows.map(keep), width)
}

function reasonOf(download: DownloadSummary, now: number): string {
  if (download.reason === undefined || download.state === 'completed') return ''
  const words = describeState(download, now)
  return words.slice(words.indexOf(': ') + 2)
}
