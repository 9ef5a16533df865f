import { type Client, isApiError } from '@windlass/client'
import type { DownloadAction, DownloadSummary } from '@windlass/contract'
import { listEverything } from './list-everything.ts'
import { nameOf } from './render/event-line.ts'
import { UsageError } from './usage-error.ts'

export interface Selection {
  readonly ids: readonly string[]
  readonly all: boolean
}

/**
 * The downloads that a person means by ids, unique beginnings of ids, or `--all`
 * (then those for which `action` is legal). Each once, in the order named.
 * @throws UsageError for none, for both, and for a beginning that fits several
 * @throws ApiError DOWNLOAD_NOT_FOUND
 */
export async function selectDownloads(
  client: Client,
  selection: Selection,
  action: DownloadAction,
): Promise<readonly DownloadSummary[]> {
  if (selection.all === selection.ids.length > 0) {
    throw selection.all
      ? new UsageError('Give ids or --all, not both')
      : new UsageError('Give an id, or --all', 'See the ids: windlass ls')
  }
  if (selection.all) {
    const every = await listEverything(client)
    return every.filter((download) => download.actions.includes(action))
  }
  const found = new Map<string, DownloadSummary>()
  for (const id of selection.ids) {
    const download = await findDownload(client, id)
    found.set(download.id, download)
  }
  return [...found.values()]
}

/** The download with this id, or the only one whose id begins with it; throws as {@link selectDownloads}. */
export async function findDownload(client: Client, id: string): Promise<DownloadSummary> {
  try {
    return await client.find(id)
  } catch (error) {
    if (!isApiError(error, 'DOWNLOAD_NOT_FOUND')) throw error
    const every = await listEverything(client)
    const fitting = every.filter((download) => id !== '' && download.id.startsWith(id))
    if (fitting.length > 1) throw ambiguous(id, fitting)
    const [only] = fitting
    if (only === undefined) throw error
    return only
  }
}

function ambiguous(id: string, fitting: readonly DownloadSummary[]): UsageError {
  const names = fitting.slice(0, 5).map((download) => `${download.id} (${nameOf(download)})`)
  const more = fitting.length > 5 ? ', ...' : ''
  return new UsageError(`${id} fits ${fitting.length} downloads: ${names.join(', ')}${more}`)
}
