import type { Problem, WindlassEvent } from '@windlass/contract'
import { assert, describe, expect, it, onTestFinished, vi } from 'vitest'
import { isApiError } from './api-error.ts'
import { createClient } from './create-client.ts'
import type { ConnectionChange, EventsOptions } from './follow-events.ts'
import {
  type Answer,
  json,
  type ScriptedServer,
  scriptedServer,
  stream,
} from './testing/scripted-server.ts'

function notice(seq: number): string {
  const event = {
    seq,
    at: 1,
    type: 'download.noticed',
    data: { id: 'a', code: 'NET_RESET', message: 'm' },
  }
  return `id: ${seq}\nevent: download.noticed\ndata: ${JSON.stringify(event)}\n\n`
}

interface Following {
  readonly server: ScriptedServer
  /** Pauses that were slept before a reconnect, in milliseconds. */
  readonly pauses: number[]
  readonly changes: ConnectionChange[]
  readonly stop: AbortController
  follow(options?: Partial<EventsOptions>): AsyncIterable<WindlassEvent>
  /** Reads that many events and stops. */
  take(count: number, options?: Partial<EventsOptions>): Promise<WindlassEvent[]>
}

async function setUp(...answers: Answer[]): Promise<Following> {
  const server = await scriptedServer(...answers)
  onTestFinished(() => server.close())
  const pauses: number[] = []
  const changes: ConnectionChange[] = []
  const stop = new AbortController()
  const client = createClient({
    baseUrl: server.baseUrl,
    token: 'token',
    fetch,
    random: () => 0.5,
    now: () => 1000,
    sleep: async (ms, signal) => {
      signal.throwIfAborted()
      pauses.push(ms)
    },
  })
  const follow: Following['follow'] = (options = {}) =>
    client.events({
      signal: stop.signal,
      onConnection: (change) => changes.push(change),
      ...options,
    })
  const take: Following['take'] = async (count, options) => {
    const events: WindlassEvent[] = []
    for await (const event of follow(options)) {
      events.push(event)
      if (events.length === count) break
    }
    return events
  }
  return { server, pauses, changes, stop, follow, take }
}

const seqs = (events: readonly WindlassEvent[]): (number | null)[] => events.map(({ seq }) => seq)
const placesAsked = ({ seen }: ScriptedServer): (string | undefined)[] =>
  seen.map(({ headers }) => headers['last-event-id']?.toString())

const problem = (code: string, status: number, more: Partial<Problem> = {}): object => ({
  type: 'x',
  code,
  title: 't',
  status,
  detail: 'd',
  facts: {},
  ...more,
})

describe('following events', () => {
  it('goes on behind the last event seen when the connection is lost, ended or cut', async () => {
    const { server, take, changes } = await setUp(
      stream([notice(1) + notice(2)], 'end'),
      stream([notice(3), 'id: 4\nevent: half'], 'cut'),
      stream([notice(4)], 'stay'),
    )
    expect(seqs(await take(4))).toEqual([1, 2, 3, 4])
    expect(placesAsked(server)).toEqual([undefined, '2', '3'])
    expect(changes.map(({ connected }) => connected)).toEqual([true, false, true, false, true])
    expect(server.seen[0]).toMatchObject({
      path: '/api/events',
      headers: { authorization: 'Bearer token', accept: 'text/event-stream' },
    })
  })

  it('knows its place before the first event', async () => {
    const { server, take } = await setUp(
      stream(['retry: 1000\nid: 41\n\n'], 'end'),
      stream([notice(42)], 'stay'),
    )
    await take(1)
    expect(placesAsked(server)).toEqual([undefined, '41'])
  })

  it('starts behind a given event, of one download', async () => {
    const { server, take } = await setUp(stream([notice(8)], 'stay'))
    await take(1, { lastEventId: 7, downloadId: 'a/b' })
    expect(server.seen[0]?.path).toBe('/api/downloads/a%2Fb/events')
    expect(placesAsked(server)).toEqual(['7'])
    const all = await setUp(stream([notice(1)], 'stay'))
    await all.take(1, { lastEventId: 0 })
    expect(placesAsked(all.server)).toEqual(['0'])
  })

  it('yields a resync, and passes over what it does not know', async () => {
    const resync = { seq: null, at: 1, type: 'resync', data: { seq: 9 } }
    const { take } = await setUp(
      stream(
        [
          'event: download.renamed\ndata: {"new":1}\n\n',
          'data: plain\n\n',
          `id: 9\nevent: resync\ndata: ${JSON.stringify(resync)}\n\n`,
        ],
        'stay',
      ),
    )
    expect(await take(1)).toEqual([resync])
  })

  it('waits longer each time while nobody answers, at most 15 s, and starts afresh after an answer', async () => {
    const down = json(503, problem('SERVER_CLOSING', 503))
    const answers = [...Array.from({ length: 7 }, () => down), stream([notice(1)], 'end'), down]
    const { take, pauses } = await setUp(...answers, stream([notice(2)], 'stay'))
    await take(2)
    expect(pauses).toEqual([250, 500, 1000, 2000, 4000, 7500, 7500, 250, 500])
  })

  it('does not come back before the time that the server names', async () => {
    const busy = json(503, problem('TOO_MANY_STREAMS', 503, { retryAt: 61_000 }))
    const { take, pauses } = await setUp(busy, stream([notice(1)], 'stay'))
    await take(1)
    expect(pauses).toEqual([60_000])
  })

  it('keeps trying while the server is gone, and tells each time', async () => {
    const { server, follow, changes, stop } = await setUp(stream([notice(1)], 'stay'))
    for await (const event of follow({
      onConnection(change) {
        changes.push(change)
        if (changes.length === 4) stop.abort()
      },
    })) {
      expect(event.seq).toBe(1)
      await server.close()
    }
    expect(changes.map((change) => (change.connected ? 'up' : change.error.code))).toEqual([
      'up',
      ...Array.from({ length: 3 }, () => 'SERVER_UNREACHABLE'),
    ])
  })

  it.each([
    ['AUTH_REQUIRED', 401],
    ['DOWNLOAD_NOT_FOUND', 404],
    ['HOST_REJECTED', 421],
  ])('gives up on %s, which no waiting mends', async (code, status) => {
    const { take, pauses } = await setUp(json(status, problem(code, status)))
    await expect(take(1)).rejects.toMatchObject({ code, status })
    expect(pauses).toEqual([])
  })

  it('gives up on an event that is not as agreed', async () => {
    const { take, server } = await setUp(stream(['event: resync\ndata: {}\n\n'], 'stay'))
    const error: unknown = await take(1).catch((thrown: unknown) => thrown)
    assert(isApiError(error, 'HTTP_PROTOCOL'))
    expect(server.seen).toHaveLength(1)
  })

  it('ends without an error when the signal aborts: before, between and while it waits', async () => {
    const { follow, stop, server } = await setUp(stream([notice(1)], 'stay'))
    const events: WindlassEvent[] = []
    for await (const event of follow()) {
      events.push(event)
      stop.abort(new Error('enough'))
    }
    expect(events).toHaveLength(1)
    for await (const event of follow()) expect(event).toBeNull()
    expect(server.seen).toHaveLength(1)

    const waiting = await setUp(json(503, problem('SERVER_CLOSING', 503)))
    const tick = (): void => waiting.stop.abort(new Error('enough'))
    for await (const event of waiting.follow({ onConnection: tick })) expect(event).toBeNull()
  })

  it('takes a connection that is silent for 45 s, without a heartbeat, for dead', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const { server, follow } = await setUp(stream([notice(1)], 'stay'), stream([notice(2)], 'stay'))
    for await (const { seq } of follow()) {
      if (seq === 2) break
      // Time that the reader takes for itself does not count.
      vi.advanceTimersByTime(60_000)
      expect(server.seen).toHaveLength(1)
      setImmediate(() => vi.advanceTimersByTime(45_000))
    }
    expect(placesAsked(server)).toEqual([undefined, '1'])
  })

  it('closes its connection when the reader leaves', async () => {
    const closed = Promise.withResolvers<void>()
    const { take } = await setUp(async (response, request) => {
      response.on('close', closed.resolve)
      await stream([notice(1)], 'stay')(response, request)
    })
    await take(1)
    await closed.promise
  })
})
