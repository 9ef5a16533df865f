import type { DownloadSummary } from '@windlass/contract'
import { isSettled } from '../downloads/state-table.ts'
import type { Downloads } from '../engine.ts'
import { isWindlassError } from '../errors/windlass-error.ts'
import type { CancelOutcome, CancelTarget } from './embedded-engine.ts'

const PAGE = 500

/** Downloads that can still come to something without being asked for again, newest first. */
export async function activeDownloads(
  downloads: Pick<Downloads, 'list'>,
): Promise<DownloadSummary[]> {
  const active: DownloadSummary[] = []
  let cursor: string | undefined
  do {
    const page = await downloads.list({ limit: PAGE, ...(cursor === undefined ? {} : { cursor }) })
    active.push(...page.items.filter(({ state }) => state === 'paused' || !isSettled(state)))
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
  return active
}

/** Cancels what the target means, one after the other; see {@link EmbeddedEngine.cancel}. */
export async function cancelDownloads(
  downloads: Pick<Downloads, 'cancel' | 'idsOfRef' | 'idsThatAllow'>,
  target: CancelTarget,
): Promise<CancelOutcome[]> {
  if ('id' in target) return [outcomeOf(await downloads.cancel(target.id))]
  const ids =
    'all' in target
      ? await downloads.idsThatAllow('cancel')
      : await downloads.idsOfRef(target, 'cancel')
  const outcomes: CancelOutcome[] = []
  for (const id of ids) {
    try {
      outcomes.push(outcomeOf(await downloads.cancel(id)))
    } catch (error) {
      // It settled, or went, while the others were cancelled.
      const isMoot =
        isWindlassError(error, 'INVALID_STATE') || isWindlassError(error, 'DOWNLOAD_NOT_FOUND')
      if (!isMoot) throw error
    }
  }
  return outcomes
}

function outcomeOf({ id, receipt, ref }: CancelOutcome): CancelOutcome {
  return { id, ref, receipt }
}
