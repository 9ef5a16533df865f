import type { Download } from '@windlass/contract'
import { isApiError } from './api-error.ts'
import type { Client } from './client.ts'

/**
 * Sees to it that a download runs which was asked for once more: resumes it when it is
 * paused or blocked, retries it when it failed or was cancelled. Throws as the client does.
 */
export async function keepGoing(
  client: Pick<Client, 'find' | 'resume' | 'retry'>,
  download: Download,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Download> {
  try {
    return await setGoing(client, download, options)
  } catch (error) {
    // It moved on between the two requests: where it is now is what counts.
    if (isApiError(error, 'INVALID_STATE')) return await client.find(download.id, options)
    throw error
  }
}

async function setGoing(
  client: Pick<Client, 'resume' | 'retry'>,
  download: Download,
  options: { readonly signal?: AbortSignal },
): Promise<Download> {
  switch (download.state) {
    case 'paused':
    case 'blocked':
      return await client.resume(download.id, options)
    case 'failed':
    case 'cancelled':
      return await client.retry(download.id, options)
    default:
      return download
  }
}
