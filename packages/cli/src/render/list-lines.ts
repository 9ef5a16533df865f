import type { DownloadSummary } from '@windlass/contract'
import { describeState } from './describe-state.ts'
import { nameOf } from './event-line.ts'
import { formatBytes, formatPercent, formatSpeed } from './quantities.ts'
import { type Column, renderTable } from './render-table.ts'

const COLUMNS: readonly Column[] = [
  { title: 'ID' },
  { title: 'State' },
  { title: '%', align: 'right' },
  { title: 'Size', align: 'right' },
  { title: 'Speed', align: 'right' },
  { title: 'What', flexible: true },
  { title: 'Why' },
]

/** The table of `ls`: no lines at all when there is nothing. */
export function listLines(
  downloads: readonly DownloadSummary[],
  options: { readonly now: number; readonly width: number | null },
): string[] {
  if (downloads.length === 0) return []
  const rows = downloads.map((download) => {
    const { progress, state } = download
    return [
      download.id,
      state,
      state === 'completed' ? '100' : formatPercent(progress.percent).replace(' %', ''),
      progress.totalBytes === null ? '' : formatBytes(progress.totalBytes),
      state === 'downloading' ? formatSpeed(progress.bytesPerSecond) : '',
      nameOf(download),
      reasonOf(download, options.now),
    ]
  })
  const columns = rows.some((row) => row.at(-1) !== '') ? COLUMNS : COLUMNS.slice(0, -1)
  return renderTable(columns, rows, options.width)
}

function reasonOf(download: DownloadSummary, now: number): string {
  if (download.reason === undefined || download.state === 'completed') return ''
  const words = describeState(download, now)
  return words.slice(words.indexOf(': ') + 2)
}
