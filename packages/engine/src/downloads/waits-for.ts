import type { WaitsFor } from '@windlass/contract'
import type { DownloadRecord } from './download-record.ts'

/** These go on by themselves as soon as there is room. */
const SPACE_CODES: ReadonlySet<string> = new Set(['DISK_FULL', 'DISK_QUOTA'])

const TODO = {
  slot: 'Move it to the front, pause another one, or allow more downloads at once.',
  retry: 'Nothing; or resume it to try at once.',
}

/** What a download that does not move waits for, under its name; nothing for all others. */
export function waitsForOf(
  { state, reason, retryAt }: Pick<DownloadRecord, 'state' | 'reason' | 'retryAt'>,
  place: number | undefined,
): { readonly waitsFor?: WaitsFor } {
  const hint = reason?.hint === undefined ? {} : { todo: reason.hint }
  if (state === 'queued') {
    const position = place === undefined ? {} : { position: place }
    return { waitsFor: { what: 'slot', ...position, limit: 'maxActive', todo: TODO.slot } }
  }
  if (state === 'blocked') {
    const isSpace = reason !== null && SPACE_CODES.has(reason.code)
    return { waitsFor: { what: isSpace ? 'space' : 'person', ...hint } }
  }
  if (state !== 'waiting') return {}
  const what = reason?.code === 'HTTP_RATE_LIMITED' ? 'host' : 'retry'
  const until = retryAt === null ? {} : { until: retryAt }
  return { waitsFor: { what, ...until, todo: TODO.retry, ...hint } }
}
