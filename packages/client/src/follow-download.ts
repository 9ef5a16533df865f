import { type Download, isOver, type PassingEventMap, type WindlassEvent } from '@windlass/contract'
import { isPassing } from './api-error.ts'
import type { Client, DownloadUpdate, FollowOptions } from './client.ts'

export interface FollowDownloadDeps {
  readonly client: Pick<Client, 'find' | 'events'>
  /** Rejects when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
}

/** Between two looks at a server that does not answer or asks for patience. */
const LOOK_AGAIN_MS = 1000

/**
 * Yields the download now and at each change, until it is over: complete, failed,
 * cancelled, or at rest until a person acts (paused, blocked). Lost connections are made
 * again, and what was missed meanwhile is replayed.
 * @throws ApiError DOWNLOAD_NOT_FOUND also when somebody forgets it meanwhile, and as `events`
 */
export async function* followDownload(
  deps: FollowDownloadDeps,
  id: string,
  options: FollowOptions = {},
): AsyncGenerator<DownloadUpdate, void, undefined> {
  const stream = new AbortController()
  const stop = (): void => stream.abort(options.signal?.reason)
  options.signal?.addEventListener('abort', stop, { once: true })
  try {
    if (options.signal?.aborted) return
    yield* updates(deps, id, { ...options, signal: stream.signal })
  } finally {
    options.signal?.removeEventListener('abort', stop)
    stream.abort(new Error('the reader left'))
  }
}

async function* updates(
  deps: FollowDownloadDeps,
  id: string,
  { onConnection, signal }: FollowOptions & { readonly signal: AbortSignal },
): AsyncGenerator<DownloadUpdate, void, undefined> {
  let connected = Promise.withResolvers<'connected'>()
  const events = deps.client.events({
    downloadId: id,
    signal,
    onConnection(change) {
      if (change.connected) connected.resolve('connected')
      onConnection?.(change)
    },
  })
  const iterator = events[Symbol.asyncIterator]()
  const nextEvent = (): ReturnType<typeof iterator.next> => {
    const next = iterator.next()
    // Its failure is met where it is awaited; without this it would count as unhandled meanwhile.
    next.catch(() => undefined)
    return next
  }
  let known: Download | null = null
  let next = nextEvent()
  for (;;) {
    const step = await Promise.race([connected.promise, next])
    let event: WindlassEvent | null = null
    if (step === 'connected') {
      connected = Promise.withResolvers()
    } else {
      if (step.done === true) return
      event = step.value
      next = nextEvent()
    }
    known = await afterEvent(known, event, () => look(deps, id, signal))
    if (known === null) return
    yield { download: known, event: event?.type === 'resync' ? null : event }
    if (isOver(known)) return
  }
}

/**
 * The download after an event. What an event says about a state may be older than what is
 * known, since it may be a replay: so after a change of state the download is read anew.
 */
async function afterEvent(
  known: Download | null,
  event: WindlassEvent | null,
  read: () => Promise<Download | null>,
): Promise<Download | null> {
  if (known === null || event === null) return await read()
  switch (event.type) {
    case 'download.progressed':
      return withProgress(known, event.data)
    case 'download.file-completed':
    case 'download.noticed':
      return known
    default:
      return await read()
  }
}

/** Looks until it sees the download; null when the signal aborted. */
async function look(
  { client, sleep }: FollowDownloadDeps,
  id: string,
  signal: AbortSignal,
): Promise<Download | null> {
  for (;;) {
    try {
      return await client.find(id, { signal })
    } catch (error) {
      if (signal.aborted) return null
      if (!isPassing(error)) throw error
    }
    try {
      await sleep(LOOK_AGAIN_MS, signal)
    } catch (error) {
      if (signal.aborted) return null
      throw error
    }
  }
}

function withProgress(
  download: Download,
  { files, progress }: PassingEventMap['download.progressed'],
): Download {
  if (files.length === 0) return { ...download, progress }
  const moved = new Map(files.map((file) => [file.path, file]))
  return {
    ...download,
    progress,
    files: download.files.map((file) => ({ ...file, ...moved.get(file.path) })),
  }
}
