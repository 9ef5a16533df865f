import type { Download, DownloadState } from '@windlass/contract'
import type { Downloads, EventLog } from '../engine.ts'
import { WindlassError } from '../errors/windlass-error.ts'
import { formatHubRef } from '../sources/huggingface/hub-ref.ts'
import type { CallOptions } from '../sources/source.ts'
import type { ModelId } from './model-name.ts'

const OVER: readonly DownloadState[] = ['completed', 'failed', 'cancelled', 'paused', 'blocked']

type Wanted = ModelId & { readonly revision: string }

/**
 * Starts an ordinary download of some files of a revision.
 * @returns its id
 * @throws WindlassError QUEUE_FULL
 */
export async function startFetch(
  model: Wanted,
  paths: readonly string[],
  downloads: Downloads,
): Promise<string> {
  const ref = formatHubRef({ ...model, path: null, quantization: null })
  const { download } = await downloads.create({ ref, include: paths.map(patternOf) })
  return download.id
}

/**
 * Waits until a download is completed. When the signal aborts the download goes on.
 * @throws WindlassError what stopped it; INVALID_STATE when a person did
 */
export async function untilFetched(
  id: string,
  { downloads, events }: { readonly downloads: Downloads; readonly events: EventLog },
  { signal }: CallOptions,
): Promise<void> {
  signal.throwIfAborted()
  const { promise: over, resolve, reject } = Promise.withResolvers<void>()
  const unsubscribe = events.subscribe((event) => {
    if (event.type !== 'download.state-changed' || event.data.id !== id) return
    if (OVER.includes(event.data.to)) resolve()
  })
  const stop = (): void => reject(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  try {
    // It may have ended before anybody listened.
    if (OVER.includes((await downloads.find(id)).state)) resolve()
    await over
  } finally {
    unsubscribe()
    signal.removeEventListener('abort', stop)
  }
  requireCompleted(await downloads.find(id))
}

/** Python's pattern that means this path and no other. */
function patternOf(path: string): string {
  return path.replace(/[[*?]/g, '[$&]')
}

function requireCompleted({ id, state, reason }: Download): void {
  if (state === 'completed') return
  throw new WindlassError(reason?.code ?? 'INVALID_STATE', {
    detail: `download ${id} of what is damaged is ${state}`,
    ...(reason?.hint === undefined ? {} : { hint: reason.hint }),
    facts: { task_id: id, state },
  })
}
