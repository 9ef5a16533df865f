import {
  type Download,
  type DownloadRequest,
  type DownloadResult,
  type DownloadSummary,
  isOver,
  resultOf,
  type WindlassEvent,
} from '@windlass/contract'
import { errorOfReason } from '../downloads/reason-of.ts'
import type { Downloads, Engine } from '../engine.ts'
import { isWindlassError, WindlassError } from '../errors/windlass-error.ts'
import { StopRequest } from '../runtime/stop-request.ts'
import type { PullOptions } from './embedded-engine.ts'
import { Waker } from './waker.ts'

/** Brings what a request stands for and waits for it; see {@link EmbeddedEngine.pull}. */
export async function pullDownload(
  engine: Pick<Engine, 'downloads' | 'events'>,
  request: DownloadRequest,
  { closing, onProgress, signal }: PullOptions & { readonly closing: AbortSignal },
): Promise<DownloadResult> {
  closing.throwIfAborted()
  signal?.throwIfAborted()
  const { created, download } = await engine.downloads.create(request)
  const waker = new Waker()
  const endings = [closing, ...(signal === undefined ? [] : [signal])]
  const forget = tell(engine, { first: download, waker, onProgress })
  const unlink = endings.map((ending) => waker.failWith(ending))
  try {
    if (!created) await keepGoing(engine.downloads, download)
    for (;;) {
      for (const ending of endings) ending.throwIfAborted()
      const now = await engine.downloads.find(download.id)
      if (isOver(now)) return outcomeOf(now)
      await waker.woken()
    }
  } catch (error) {
    if (signal?.aborted && !closing.aborted) {
      await stop(engine.downloads, download.id, signal.reason)
    }
    throw error
  } finally {
    forget()
    for (const off of unlink) off()
  }
}

/** Hands progress on, and wakes the waiter when it may be over, until the returned function is called. */
function tell(
  { events }: Pick<Engine, 'events'>,
  options: {
    readonly first: Download
    readonly waker: Waker
    readonly onProgress: PullOptions['onProgress']
  },
): () => void {
  const { onProgress, waker } = options
  let last: DownloadSummary = options.first
  return events.subscribe((event) => {
    if (event.type === 'download.forgotten' && event.data.id === last.id) waker.wake()
    const news = newsOf(event, last)
    if (news === null) return
    last = news
    try {
      onProgress?.(news.progress, news)
    } catch (error) {
      waker.fail(error)
    }
    if (isOver(news)) waker.wake()
  })
}

/** The download after an event; null when the event says nothing about it. */
function newsOf(event: WindlassEvent, last: DownloadSummary): DownloadSummary | null {
  if (event.type === 'download.state-changed') {
    return event.data.id === last.id ? event.data.download : null
  }
  if (event.type !== 'download.progressed' || event.data.id !== last.id) return null
  return { ...last, progress: event.data.progress }
}

/** Asking again for what rests means to go on with it; a failed or cancelled one goes on by being asked for. */
async function keepGoing(downloads: Downloads, { id, state }: Download): Promise<void> {
  if (state !== 'paused' && state !== 'blocked') return
  try {
    await downloads.resume(id)
  } catch (error) {
    // It moved on meanwhile; where to is looked at next.
    if (!isWindlassError(error, 'INVALID_STATE')) throw error
  }
}

async function stop(downloads: Downloads, id: string, reason: unknown): Promise<void> {
  const intent = reason instanceof StopRequest ? reason.intent : 'pause'
  if (intent === 'shutdown') return
  try {
    await downloads[intent](id)
  } catch (error) {
    // It is over or gone already: nothing is left to stop.
    const isMoot =
      isWindlassError(error, 'INVALID_STATE') || isWindlassError(error, 'DOWNLOAD_NOT_FOUND')
    if (!isMoot) throw error
  }
}

function outcomeOf(download: Download): DownloadResult {
  const result = resultOf(download)
  if (result !== null) return result
  const { id, reason, state } = download
  if (reason === undefined || state === 'paused' || state === 'cancelled') {
    const detail = `${download.title || download.ref} is ${state}`
    throw new WindlassError('DOWNLOAD_STOPPED', { detail, facts: { id, state } })
  }
  throw errorOfReason(reason, { id, state })
}
