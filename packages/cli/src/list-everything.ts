import type { Client } from '@windlass/client'
import type { DownloadQuery, DownloadSummary } from '@windlass/contract'

/** All downloads that match, in as few requests as the API allows. */
export async function listEverything(
  client: Client,
  query: Pick<Partial<DownloadQuery>, 'state'> = {},
): Promise<DownloadSummary[]> {
  const every: DownloadSummary[] = []
  for await (const download of client.listAll({ ...query, limit: 500 })) every.push(download)
  return every
}
