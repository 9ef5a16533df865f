import { type DownloadSummary, isOver } from '@windlass/contract'
import { describeState } from './describe-state.ts'
import { cutEnd, cutMiddle, cutPath, displayWidth, pad } from './display-width.ts'
import { type Paint, plainPaint } from './paint.ts'
import { printable } from './printable.ts'
import type { DownloadView, FileView } from './progress-model.ts'
import {
  formatBytesOf,
  formatCount,
  formatDuration,
  formatPercent,
  formatSpeed,
} from './quantities.ts'
import { renderBar } from './render-bar.ts'

export interface FrameInput {
  readonly views: readonly DownloadView[]
  /** Epoch milliseconds. */
  readonly now: number
  readonly paint?: Paint
}

const GAP = '  '
const NARROWEST_NAME = 12

/**
 * The live picture: one line per download, its moving files below it. Never more
 * than `rows - 1` lines (the cursor needs one) nor wider than `columns - 1`, since a
 * line that wraps would put every later frame in the wrong place.
 */
export function renderFrame(input: FrameInput, columns: number, rows: number): string[] {
  const paint = input.paint ?? plainPaint
  const width = Math.max(1, columns - 1)
  const height = Math.max(1, rows - 1)
  const shown = chooseDownloads(input.views, height)
  // In a terminal of two rows the download itself is worth more than the count of the others.
  const hidden = shown.length < height ? input.views.length - shown.length : 0
  const room = shareRoom(shown, height - shown.length - (hidden > 0 ? 1 : 0))
  const lines = shown.flatMap((view, index) => [
    headLine(view.summary, { width, now: input.now, paint }),
    ...fileLines(view.activeFiles, { width, now: input.now, paint, room: room[index] ?? 0 }),
  ])
  if (hidden > 0) lines.push(cutEnd(`... and ${formatCount(hidden, 'more download')}`, width))
  return lines
}

/** The downloads there is room for: those that can still change come first, in their own order. */
function chooseDownloads(views: readonly DownloadView[], height: number): readonly DownloadView[] {
  if (views.length <= height) return views
  const rank = ({ activeFiles, summary }: DownloadView): number => {
    if (activeFiles.length > 0) return 0
    // What is blocked wants a person, who has to see it.
    return isOver(summary) && summary.state !== 'blocked' ? 2 : 1
  }
  const chosen = new Set(
    views.toSorted((a, b) => rank(a) - rank(b)).slice(0, Math.max(1, height - 1)),
  )
  return views.filter((view) => chosen.has(view))
}

/** How many lines each download gets for its files: fair shares, what one does not need goes to the next. */
function shareRoom(views: readonly DownloadView[], total: number): number[] {
  const room = views.map(() => 0)
  let left = Math.max(0, total)
  for (let given = true; left > 0 && given; ) {
    given = false
    for (const [index, view] of views.entries()) {
      const has = room[index] ?? 0
      if (left === 0 || has >= view.activeFiles.length) continue
      room[index] = has + 1
      left--
      given = true
    }
  }
  return room
}

interface LineOptions {
  readonly width: number
  readonly now: number
  readonly paint: Paint
}

function headLine(download: DownloadSummary, { width, now, paint }: LineOptions): string {
  const { progress, state } = download
  const moving = state === 'downloading'
  const unfinished = state !== 'completed' && progress.totalBytes !== null
  const pieces: Piece[] = [
    { text: moving ? renderBar(progress.percent, 20) : '', keep: 2 },
    { text: unfinished ? pad(formatPercent(progress.percent), -5) : '', keep: 9 },
    { text: bytesPiece(download), keep: 7 },
    { text: moving ? formatSpeed(progress.bytesPerSecond) : '', keep: 6 },
    {
      text:
        moving && progress.etaSeconds !== null ? `${formatDuration(progress.etaSeconds)} left` : '',
      keep: 5,
    },
    { text: filesPiece(download), keep: 3 },
    { text: moving ? '' : describeState(download, now), keep: 10, leastWidth: 24 },
  ]
  const style = STATE_STYLES[state]
  const line = fitLine(printable(download.title || download.ref), pieces, width)
  return style === undefined ? line : paint(style, line)
}

const STATE_STYLES: Partial<Record<DownloadSummary['state'], Parameters<Paint>[0]>> = {
  completed: 'green',
  waiting: 'yellow',
  blocked: 'yellow',
  failed: 'red',
  queued: 'dim',
  downloading: 'bold',
}

function bytesPiece({ progress, state }: DownloadSummary): string {
  if (progress.totalBytes === null && progress.receivedBytes === 0) return ''
  return state === 'completed'
    ? formatBytesOf(progress.totalBytes ?? progress.receivedBytes, null)
    : formatBytesOf(progress.receivedBytes, progress.totalBytes)
}

function filesPiece({ progress, state }: DownloadSummary): string {
  if (progress.filesTotal === null) return ''
  if (state === 'completed') return formatCount(progress.filesTotal, 'file')
  return `${progress.filesDone} of ${formatCount(progress.filesTotal, 'file')}`
}

interface Piece {
  readonly text: string
  /** The smaller, the sooner it goes when there is no room. */
  readonly keep: number
  /** The last piece may be cut down to so many columns. */
  readonly leastWidth?: number
}

function fitLine(name: string, pieces: readonly Piece[], width: number): string {
  let kept = pieces.filter((piece) => piece.text !== '')
  const widthOf = (): number =>
    kept.reduce((sum, piece) => sum + GAP.length + leastWidthOf(piece), 0)
  const nameWidth = Math.min(displayWidth(name), NARROWEST_NAME)
  while (kept.length > 1 && nameWidth + widthOf() > width) {
    const least = Math.min(...kept.map((piece) => piece.keep))
    kept = kept.filter((piece) => piece.keep !== least)
  }
  const room = Math.max(nameWidth, width - widthOf())
  return cutEnd([cutMiddle(name, room), ...kept.map((piece) => piece.text)].join(GAP), width)
}

function leastWidthOf({ leastWidth = Number.POSITIVE_INFINITY, text }: Piece): number {
  return Math.min(displayWidth(text), leastWidth)
}

function fileLines(
  files: readonly FileView[],
  options: LineOptions & { readonly room: number },
): string[] {
  const { room, width } = options
  if (files.length <= room) return files.map((file) => fileLine(file, options))
  if (room === 0) return []
  const shown = files.slice(0, room - 1)
  const more = cutEnd(`  ... and ${formatCount(files.length - shown.length, 'more file')}`, width)
  return [...shown.map((file) => fileLine(file, options)), options.paint('dim', more)]
}

function fileLine(file: FileView, { width, now }: LineOptions): string {
  const percent = file.sizeBytes ? (file.receivedBytes / file.sizeBytes) * 100 : null
  const pace =
    file.state === 'verifying' ? 'verifying' : formatSpeed(file.speed.bytesPerSecond(now))
  const barWidth = width >= 90 ? 20 : width >= 64 ? 10 : 0
  const numbers = [
    ...(barWidth === 0 ? [] : [renderBar(percent, barWidth)]),
    pad(formatPercent(percent), -5),
    ...(width < 70 ? [] : [pad(formatBytesOf(file.receivedBytes, file.sizeBytes), -18)]),
    pad(pace, -10),
  ].join(GAP)
  const room = width - displayWidth(numbers) - 2 * GAP.length
  if (room < 4) return cutEnd(GAP + printable(file.path), width)
  return GAP + pad(cutPath(printable(file.path), room), room) + GAP + numbers
}
