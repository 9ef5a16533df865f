import type { Download } from '@windlass/contract'
import { describeState } from './describe-state.ts'
import { nameOf } from './event-line.ts'
import { printable } from './printable.ts'
import {
  formatBytes,
  formatBytesOf,
  formatCount,
  formatDuration,
  formatPercent,
  formatSpeed,
} from './quantities.ts'
import { renderTable } from './render-table.ts'

/** Everything about one download, for `show`. */
export function detailLines(
  download: Download,
  options: { readonly now: number; readonly width: number | null },
): string[] {
  const facts = factsOf(download, options.now).filter(([, value]) => value !== '')
  const widest = Math.max(...facts.map(([name]) => name.length))
  const files = download.files.map((file) => [
    printable(file.path),
    file.present ? 'was there' : file.state,
    file.state === 'done' ? '' : formatBytes(file.receivedBytes),
    file.sizeBytes === null ? '?' : formatBytes(file.sizeBytes),
  ])
  const columns = [
    { title: 'File', flexible: true },
    { title: 'State' },
    { title: 'Received', align: 'right' as const },
    { title: 'Size', align: 'right' as const },
  ]
  return [
    ...facts.map(([name, value]) => `${name.padEnd(widest)}  ${value}`),
    ...(files.length === 0 ? [] : ['', ...renderTable(columns, files, options.width)]),
  ]
}

function factsOf(download: Download, now: number): [string, string][] {
  const { progress, reason, result } = download
  const time = (at: number | null): string => (at === null ? '' : new Date(at).toISOString())
  const moving = download.state === 'downloading'
  return [
    ['ID', download.id],
    ['Reference', printable(download.ref)],
    ['Name', nameOf(download)],
    ['Source', download.source],
    ['State', describeState(download, now)],
    ['To do', printable(reason?.hint ?? '')],
    ['Revision', printable(download.revision ?? '')],
    [
      'Received',
      [
        formatBytesOf(progress.receivedBytes, progress.totalBytes),
        ...(progress.percent === null ? [] : [formatPercent(progress.percent)]),
      ].join(', '),
    ],
    [
      'Files',
      progress.filesTotal === null
        ? ''
        : `${progress.filesDone} of ${formatCount(progress.filesTotal, 'file')}`,
    ],
    ['Speed', moving ? formatSpeed(progress.bytesPerSecond) : ''],
    [
      'Time left',
      moving && progress.etaSeconds !== null ? formatDuration(progress.etaSeconds) : '',
    ],
    ['Path', printable(result?.path ?? download.destination ?? '')],
    ['Verified', result === undefined ? '' : result.verified ? 'yes' : 'no'],
    ['Priority', String(download.priority)],
    ['Connections', download.connections === undefined ? '' : `${download.connections} at most`],
    ['Limit', download.limitRate === undefined ? '' : `${formatSpeed(download.limitRate)} at most`],
    ['Failed tries', String(download.attempts)],
    ['Created', time(download.createdAt)],
    ['Started', time(download.startedAt)],
    ['Finished', time(download.finishedAt)],
    ['Running time', download.elapsedSeconds === 0 ? '' : formatDuration(download.elapsedSeconds)],
    ['Actions', download.actions.join(', ')],
  ]
}
