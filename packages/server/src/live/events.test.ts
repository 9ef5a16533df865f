import { once } from 'node:events'
import { connect } from 'node:net'
import { WindlassError } from '@windlass/engine'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Listener, listenOnPort } from '../listen.ts'
import { sampleDownload } from '../testing/memory-engine.ts'
import { readStream, type StreamReader } from '../testing/read-stream.ts'
import { openTestApp, type TestApp, TOKEN } from '../testing/test-app.ts'

const AUTHORIZED = { authorization: `Bearer ${TOKEN}` }

let test: TestApp
let listener: Listener
let readers: StreamReader[]

beforeEach(async () => {
  test = await openTestApp()
  listener = await listenOnPort(test.served, { host: '127.0.0.1', port: 0 })
  readers = []
})
afterEach(async () => {
  for (const reader of readers) reader.leave()
  await test.app.close()
  await listener.close()
})

async function open(path: string, headers: Record<string, string> = {}): Promise<StreamReader> {
  const url = `http://127.0.0.1:${listener.port}${path}`
  const reader = await readStream(url, { ...AUTHORIZED, ...headers })
  readers.push(reader)
  return reader
}

const seqs = (events: readonly { seq: number | null }[]): (number | null)[] =>
  events.map(({ seq }) => seq)

const noticeMany = (count: number, id = 'a'): void => {
  for (let n = 0; n < count; n++) test.engine.events.notice(id)
}

describe('the event stream', () => {
  it('begins with what happens next, and says at once where that is', async () => {
    noticeMany(3)
    const reader = await open('/api/events')
    expect(await reader.until((text) => text.includes('\n\n'))).toContain('id: 3\n')
    noticeMany(1)
    expect(seqs(await reader.events(1))).toEqual([4])
  })

  it('replays what a reader missed and then goes on, each event once and in order', async () => {
    noticeMany(450)
    let pages = 0
    // Events that happen in the middle of the replay, and right after its last full page.
    test.engine.events.beforePage = () => {
      if (++pages <= 4) noticeMany(7)
    }
    const reader = await open('/api/events', { 'last-event-id': '5' })
    await reader.events(450 + 28 - 5)
    noticeMany(2)
    const events = await reader.events(450 + 30 - 5)
    expect(seqs(events)).toEqual(Array.from({ length: 475 }, (_, n) => n + 6))
  })

  it.each([0, 1, 2, 3, 4, 5])(
    'loses no event that happens %i turns of the job queue after an empty page',
    async (turns) => {
      noticeMany(1)
      let isFirst = true
      test.engine.events.beforePage = () => {
        let turn = Promise.resolve()
        for (let n = 0; n < turns; n++) turn = turn.then(() => undefined)
        if (isFirst) void turn.then(() => noticeMany(1))
        isFirst = false
      }
      const reader = await open('/api/events?lastEventId=1')
      while (isFirst) await new Promise(setImmediate)
      await new Promise(setImmediate)
      noticeMany(1)
      expect(seqs(await reader.events(1))).toContain(2)
    },
  )

  it('says nothing twice that was in the log before it was announced', async () => {
    const data = { id: 'a', code: 'NET_RESET', message: 'm' } as const
    noticeMany(1)
    const announce = test.engine.events.write('download.noticed', data)
    const reader = await open('/api/events?lastEventId=0')
    await reader.events(2)
    announce()
    noticeMany(1)
    expect(seqs(await reader.events(3))).toEqual([1, 2, 3])
  })

  it('takes the place of the reader from the address too, and from the header first', async () => {
    noticeMany(5)
    expect(seqs(await (await open('/api/events?lastEventId=3')).events(2))).toEqual([4, 5])
    const both = await open('/api/events?lastEventId=1', { 'last-event-id': '4' })
    expect(seqs(await both.events(1))).toEqual([5])
  })

  it.each([
    ['no longer reaches back that far', 2],
    ['has never been that far', 999],
  ])('says resync when the log %s, and goes on from there', async (_name, lastEventId) => {
    noticeMany(10)
    test.engine.events.prune(5)
    const reader = await open('/api/events', { 'last-event-id': String(lastEventId) })
    const text = await reader.until((soFar) => soFar.includes('resync'))
    noticeMany(1)
    const [resync, next] = await reader.events(2)
    expect(resync).toEqual({ seq: null, at: 1000, type: 'resync', data: { seq: 10 } })
    expect(text).toContain('id: 10\n')
    expect(next?.seq).toBe(11)
  })

  it('of one download holds its events only, replayed and live', async () => {
    test.engine.rows.set('a', sampleDownload('a'))
    for (const id of ['b', 'a', 'b', 'a']) test.engine.events.notice(id)
    const reader = await open('/api/downloads/a/events?lastEventId=0')
    await reader.events(2)
    for (const id of ['b', 'a']) test.engine.events.notice(id)
    expect(seqs(await reader.events(3))).toEqual([2, 4, 6])
  })

  it('carries samples without an id, so that a reader keeps its place', async () => {
    const reader = await open('/api/events')
    await reader.until((text) => text.includes('\n\n'))
    const { progress } = sampleDownload('a')
    test.engine.events.pass({
      seq: null,
      at: 1,
      type: 'download.progressed',
      data: { id: 'a', progress, files: [] },
    })
    await reader.events(1)
    const text = await reader.until((soFar) => soFar.includes('progressed'))
    expect(text.slice(text.indexOf('event: download.progressed') - 4)).not.toContain('id: 0\nevent')
  })

  it('beats every 15 seconds', async () => {
    const reader = await open('/api/events')
    await reader.until((text) => text.includes('\n\n'))
    test.clock.fire(15_000)
    expect(await reader.until((text) => text.includes(': heartbeat'))).toBeTruthy()
  })

  it('ends at once when the server closes, and lets it close', async () => {
    const streams = await Promise.all([open('/api/events'), open('/api/events')])
    const started = performance.now()
    await test.app.close()
    await Promise.all(streams.map((stream) => stream.ended()))
    await listener.close()
    expect(performance.now() - started).toBeLessThan(1000)
    expect(test.engine.events.listeners).toBe(0)
  })

  it('drops a reader that does not read, without making others wait', async () => {
    const socket = connect(Number(listener.port), '127.0.0.1')
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    socket.pause()
    socket.write(
      `GET /api/events HTTP/1.1\r\nhost: 127.0.0.1:${listener.port}\r\nauthorization: ${AUTHORIZED.authorization}\r\n\r\n`,
    )
    const good = await open('/api/events')
    await good.until((text) => text.includes('\n\n'))
    good.forget()
    const message = 'x'.repeat(256 * 1024)
    const enough = 64
    for (let n = 0; n < enough; n++) {
      test.engine.events.notice('a', message)
      // The good reader gets each one, however far behind the other is.
      await good.until((text) => text.endsWith('"}}\n\n') && text.startsWith(`id: ${n + 1}\n`))
      good.forget()
    }
    socket.resume()
    let received = 0
    socket.on('data', (chunk) => {
      received += chunk.length
    })
    await once(socket, 'close')
    expect(received).toBeLessThan(enough * message.length)
  })
})

describe('a request under way', () => {
  it('is stopped when its client goes away', async () => {
    const stopped = Promise.withResolvers<unknown>()
    const asked = Promise.withResolvers<void>()
    test.engine.downloads.plan = (_request, { signal }) =>
      new Promise((_resolve, reject) => {
        asked.resolve()
        signal.addEventListener('abort', () => {
          stopped.resolve(signal.reason)
          reject(signal.reason)
        })
      })
    const leaving = new AbortController()
    const answer = fetch(`http://127.0.0.1:${listener.port}/api/downloads/plan`, {
      method: 'POST',
      headers: { ...AUTHORIZED, 'content-type': 'application/json' },
      body: JSON.stringify({ ref: 'org/a' }),
      signal: leaving.signal,
    })
    const failed = expect(answer).rejects.toThrow()
    await asked.promise
    leaving.abort()
    await failed
    expect(await stopped.promise).toMatchObject({ name: 'StopRequest', intent: 'cancel' })
  })

  it('is told that the server closes', async () => {
    const asked = Promise.withResolvers<void>()
    test.engine.downloads.plan = (_request, { signal }) =>
      new Promise((_resolve, reject) => {
        asked.resolve()
        signal.addEventListener('abort', () => reject(signal.reason))
      })
    const answer = fetch(`http://127.0.0.1:${listener.port}/api/downloads/plan`, {
      method: 'POST',
      headers: { ...AUTHORIZED, 'content-type': 'application/json' },
      body: JSON.stringify({ ref: 'org/a' }),
    })
    await asked.promise
    await test.app.close()
    const problem = await (await answer).json()
    expect(problem).toMatchObject({ code: 'SERVER_CLOSING', status: 503 })
    expect(new WindlassError('SERVER_CLOSING').disposition).toBe('retry')
  })
})
