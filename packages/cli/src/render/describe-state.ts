import type { DownloadSummary } from '@windlass/contract'
import { printable } from './printable.ts'
import { formatDuration } from './quantities.ts'

const WORDS = {
  queued: 'queued',
  resolving: 'asking the host',
  downloading: 'downloading',
  verifying: 'verifying',
  waiting: 'waiting',
  blocked: 'blocked',
  paused: 'paused',
  completed: 'complete',
  failed: 'failed',
  cancelled: 'cancelled',
} as const satisfies Record<DownloadSummary['state'], string>

/** The state in words, with how long it lasts and its reason: `waiting 12 s: The host asked us to slow down`. */
export function describeState(
  download: Pick<DownloadSummary, 'state' | 'reason' | 'waitsFor'>,
  now: number,
): string {
  const { reason, state, waitsFor } = download
  if (state === 'queued' && waitsFor?.position !== undefined) {
    return `${WORDS.queued}, number ${waitsFor.position} in line`
  }
  if (reason === undefined || state === 'completed') return WORDS[state]
  return `${WORDS[state]}${remaining(reason.retryAt, now)}: ${printable(reason.message)}`
}

/** Before the reason, since the end of a line is what a narrow terminal loses. */
function remaining(retryAt: number | undefined, now: number): string {
  return retryAt === undefined || retryAt <= now ? '' : ` ${formatDuration((retryAt - now) / 1000)}`
}
