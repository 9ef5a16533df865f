import type { Client } from '@windlass/client'
import type { WindlassEvent } from '@windlass/contract'

/** How a following ended: `done` said so, the person stopped it, or who served the home went away. */
export type FollowOutcome = 'done' | 'stopped' | 'owner-lost'

export interface FollowOptions {
  readonly client: Client
  /** Last event seen from an earlier owner of the same home; what came after it is replayed. */
  readonly lastSeq: number | undefined
  /** Called when events flow and before the first is handed on: what happens from here on will be told. */
  readonly onConnected: () => Promise<void>
  readonly onEvent: (event: WindlassEvent) => Promise<void>
  /** Asked after `onConnected` and after each event. */
  readonly isDone: () => Promise<boolean>
  /** A server that somebody else runs comes back by itself: wait for it instead of leaving. */
  readonly waitForServer: boolean
  /** Called once for each loss of a server that is waited for. */
  readonly onLost: () => void
  readonly signal: AbortSignal
}

/**
 * Hands on the events of a home until there is nothing to wait for.
 * Failures of the callbacks and refusals of the server pass through.
 */
export async function followEvents(options: FollowOptions): Promise<FollowOutcome> {
  const stream = new AbortController()
  const stop = (): void => stream.abort(options.signal.reason)
  options.signal.addEventListener('abort', stop, { once: true })
  try {
    if (options.signal.aborted) return 'stopped'
    return await followStream(options, stream)
  } finally {
    options.signal.removeEventListener('abort', stop)
    stream.abort(new Error('the reader left'))
  }
}

async function followStream(
  options: FollowOptions,
  stream: AbortController,
): Promise<FollowOutcome> {
  const connected = Promise.withResolvers<void>()
  let isLost = false
  const events = options.client.events({
    ...(options.lastSeq === undefined ? {} : { lastEventId: options.lastSeq }),
    signal: stream.signal,
    onConnection(change) {
      if (change.connected) connected.resolve()
      else if (!options.waitForServer) stream.abort(new Error('the owner of the home went away'))
      else if (!isLost) options.onLost()
      isLost = !change.connected
    },
  })
  const iterator = events[Symbol.asyncIterator]()
  let next = iterator.next()
  // Its failure is met below, in `await next`; without this it would count as unhandled meanwhile.
  next.catch(() => undefined)
  await Promise.race([connected.promise, next])
  if (stream.signal.aborted) return outcomeOf(options.signal)
  await options.onConnected()
  for (;;) {
    if (await options.isDone()) return 'done'
    const step = await next
    if (step.done === true) return outcomeOf(options.signal)
    await options.onEvent(step.value)
    next = iterator.next()
    next.catch(() => undefined)
  }
}

function outcomeOf(signal: AbortSignal): FollowOutcome {
  return signal.aborted ? 'stopped' : 'owner-lost'
}
