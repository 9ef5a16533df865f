import { type DownloadRequest, type DownloadResult, resultOf } from '@windlass/contract'
import { isApiError, isPassing, stoppedError } from './api-error.ts'
import type { Client, DownloadOptions } from './client.ts'
import { keepGoing } from './keep-going.ts'

/** The last word to a server at the end of a wait must not become a wait of its own. */
const LAST_WORD_MS = 5000

/**
 * Downloads what a request stands for and waits until it is complete.
 * @throws ApiError with the code of the reason when it failed or is blocked,
 *   DOWNLOAD_STOPPED when somebody paused or cancelled it, and as every method
 * @throws the signal's reason when it aborts
 */
export async function downloadRef(
  client: Client,
  request: DownloadRequest,
  options: DownloadOptions = {},
): Promise<DownloadResult> {
  const { onAbort = 'pause', onConnection, onProgress, signal } = options
  const call = signal === undefined ? {} : { signal }
  const accepted = await (signal === undefined || onAbort === 'leave'
    ? client.start(request, call)
    : startPatiently(client, request, signal))
  try {
    signal?.throwIfAborted()
    let last = accepted.created
      ? accepted.download
      : await keepGoing(client, accepted.download, call)
    const following = { ...call, ...(onConnection === undefined ? {} : { onConnection }) }
    for await (const { download } of client.follow(last.id, following)) {
      last = download
      onProgress?.(download.progress, download)
    }
    signal?.throwIfAborted()
    const result = resultOf(last)
    if (result !== null) return result
    throw stoppedError(last)
  } catch (error) {
    if (signal?.aborted && onAbort !== 'leave') await stop(client, accepted.download.id, onAbort)
    throw error
  }
}

/**
 * Waits for the answer a little longer than `signal` says: a download that was accepted, and
 * whose id nobody heard, could not be stopped.
 */
async function startPatiently(
  client: Client,
  request: DownloadRequest,
  signal: AbortSignal,
): ReturnType<Client['start']> {
  signal.throwIfAborted()
  const patience = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const hurry = (): void => {
    timer = setTimeout(() => patience.abort(signal.reason), LAST_WORD_MS)
  }
  signal.addEventListener('abort', hurry, { once: true })
  try {
    return await client.start(request, { signal: patience.signal })
  } finally {
    signal.removeEventListener('abort', hurry)
    clearTimeout(timer)
  }
}

async function stop(client: Client, id: string, action: 'pause' | 'cancel'): Promise<void> {
  try {
    await client[action](id, { signal: AbortSignal.timeout(LAST_WORD_MS) })
  } catch (error) {
    // Over already, or nobody there to be told: the caller hears why the wait ended, not this.
    const isMoot = isApiError(error, 'INVALID_STATE') || isApiError(error, 'DOWNLOAD_NOT_FOUND')
    if (!isMoot && !isPassing(error) && !isTimeout(error)) throw error
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'TimeoutError'
}
