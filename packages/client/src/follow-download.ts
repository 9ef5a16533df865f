import { type Download, isOver, type PassingEventMap, type WindlassEvent } from '@windlass/contract'
import { isPassing } from './api-error.ts'
import type { Client, DownloadUpdate, FollowOptions } from './client.ts'

type FollowClient = Pick<Client, 'find' | 'events'>

/**
 * Yields the download now and at each change, until it is over: complete, failed,
 * cancelled, or at rest until a person acts (paused, blocked). Lost connections are made
 * again, and what was missed meanwhile is replayed.
 * @throws ApiError DOWNLOAD_NOT_FOUND also when somebody forgets it meanwhile, and as `events`
 */
export async function* followDownload(
  client: FollowClient,
  id: string,
  options: FollowOptions = {},
): AsyncGenerator<DownloadUpdate, void, undefined> {
  const stream = new AbortController()
  const stop = (): void => stream.abort(options.signal?.reason)
  options.signal?.addEventListener('abort', stop, { once: true })
  try {
    if (options.signal?.aborted) return
    yield* updates(client, id, { ...options, signal: stream.signal })
  } finally {
    options.signal?.removeEventListener('abort', stop)
    stream.abort(new Error('the reader left'))
  }
}

async function* updates(
  client: FollowClient,
  id: string,
  { onConnection, signal }: FollowOptions & { readonly signal: AbortSignal },
): AsyncGenerator<DownloadUpdate, void, undefined> {
  let connected = Promise.withResolvers<'connected'>()
  const events = client.events({
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
    known = await afterEvent(known, event, () => look(client, id, signal))
    if (known === null) continue
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
      return (await read()) ?? known
  }
}

/** Null when the server went away just now: the stream breaks too, and its next connect reads again. */
async function look(
  client: FollowClient,
  id: string,
  signal: AbortSignal,
): Promise<Download | null> {
  try {
    return await client.find(id, { signal })
  } catch (error) {
    if (signal.aborted || isPassing(error)) return null
    throw error
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
