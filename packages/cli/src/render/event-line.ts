import type { DownloadSummary, LoggedEventMap, WindlassEvent } from '@windlass/contract'
import { describeState } from './describe-state.ts'
import { printable } from './printable.ts'
import {
  formatBytes,
  formatBytesOf,
  formatCount,
  formatDuration,
  formatSpeed,
} from './quantities.ts'

/**
 * One line for one event, for logs and pipes; null for what nobody needs to read
 * there. `download` is what is known of the download after the event.
 */
export function eventLine(
  event: WindlassEvent,
  download: DownloadSummary | undefined,
): string | null {
  const text = eventText(event)
  if (text === null || download === undefined) return null
  return `${nameOf(download)}: ${text}`
}

/** The line that says where a download stands, for those that move slowly. */
export function progressLine(download: DownloadSummary): string {
  const { progress } = download
  const left = progress.etaSeconds === null ? '' : `, ${formatDuration(progress.etaSeconds)} left`
  const bytes = formatBytesOf(progress.receivedBytes, progress.totalBytes)
  return `${nameOf(download)}: ${bytes}, ${formatSpeed(progress.bytesPerSecond)}${left}`
}

/** What a person calls the download. */
export function nameOf(download: Pick<DownloadSummary, 'title' | 'ref'>): string {
  return printable(download.title || download.ref)
}

function eventText(event: WindlassEvent): string | null {
  switch (event.type) {
    case 'download.created':
      return `accepted as ${event.data.download.id}`
    case 'download.resolved':
      return `${formatCount(event.data.filesTotal, 'file')}, ${sizeText(event.data.totalBytes)}`
    case 'download.file-completed':
      return event.data.present
        ? `${printable(event.data.path)} was already there`
        : `${printable(event.data.path)} done, ${formatBytes(event.data.sizeBytes)}`
    case 'download.noticed':
      return `${printable(event.data.message)}${event.data.path === undefined ? '' : ` (${printable(event.data.path)})`}`
    case 'download.cleaned':
      return `removed ${formatCount(event.data.files, 'unfinished file')}, ${formatBytes(event.data.bytes)}`
    case 'download.state-changed':
      return stateText(event.data, event.at)
    case 'download.moved':
      return `priority ${event.data.download.priority}, another place in the queue`
    case 'download.forgotten':
      return 'forgotten'
    case 'download.logged':
      return printable(event.data.message)
    case 'limits.changed':
    case 'download.progressed':
    case 'resync':
      return null
  }
}

function stateText(change: LoggedEventMap['download.state-changed'], at: number): string | null {
  const { download, from, reason, to } = change
  switch (to) {
    case 'queued':
      return from === 'resolving' ? null : 'queued'
    case 'downloading':
      return 'downloading'
    case 'resolving':
    case 'verifying':
      return null
    case 'completed':
      return completedText(download)
    case 'waiting':
    case 'blocked':
    case 'paused':
    case 'failed':
    case 'cancelled':
      return describeState({ state: to, ...(reason === undefined ? {} : { reason }) }, at)
  }
}

function completedText({ progress, result }: DownloadSummary): string {
  const size = result?.sizeBytes ?? progress.receivedBytes
  const files =
    progress.filesTotal === null ? '' : ` in ${formatCount(progress.filesTotal, 'file')}`
  const checked = result === undefined ? '' : result.verified ? ', verified' : ', unverified'
  return `complete, ${formatBytes(size)}${files}${checked}`
}

function sizeText(bytes: number | null): string {
  return bytes === null ? 'size unknown' : formatBytes(bytes)
}
