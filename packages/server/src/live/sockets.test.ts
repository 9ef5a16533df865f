import { once } from 'node:events'
import { connect } from 'node:net'
import type { WindlassEvent } from '@windlass/contract'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Listener, listenOnPort } from '../listen.ts'
import { askServer, UPGRADE } from '../testing/ask-server.ts'
import { sampleDownload } from '../testing/memory-engine.ts'
import { readSocket, type SocketReader } from '../testing/read-socket.ts'
import { readStream } from '../testing/read-stream.ts'
import { openTestApp, type TestApp, TOKEN } from '../testing/test-app.ts'

const authorization = `Bearer ${TOKEN}`
const HEARTBEAT_MS = 15_000

let test: TestApp
let listener: Listener
let port: number
let readers: SocketReader[]

beforeEach(async () => {
  test = await openTestApp()
  listener = await listenOnPort(test.served, { host: '127.0.0.1', port: 0 })
  port = Number(listener.port)
  readers = []
})
afterEach(async () => {
  for (const reader of readers) reader.leave()
  await test.app.close()
  await listener.close()
})

async function open(
  path: string,
  headers: Record<string, string> = { authorization },
): Promise<SocketReader> {
  const reader = await readSocket(`ws://127.0.0.1:${port}${path}`, headers)
  readers.push(reader)
  return reader
}

const upgrade = (path: string, headers: Record<string, string | string[]>) =>
  askServer(port, { path, headers: { host: `localhost:${port}`, ...UPGRADE, ...headers } })

const seqs = (events: readonly WindlassEvent[]) => events.map(({ seq }) => seq)
const noticeMany = (count: number, id = 'a'): void => {
  for (let n = 0; n < count; n++) test.engine.events.notice(id)
}

describe('the event socket', () => {
  it('begins with its place, and then carries what server-sent events carry', async () => {
    noticeMany(3)
    const socket = await open('/ws')
    const stream = await readStream(`http://127.0.0.1:${port}/api/events`, { authorization })
    expect(await socket.events(1)).toEqual([
      { seq: null, at: 1000, type: 'resync', data: { seq: 3 } },
    ])
    await stream.until((text) => text.includes('\n\n'))
    noticeMany(2)
    expect((await socket.events(3)).slice(1)).toEqual(await stream.events(2))
    stream.leave()
  })

  it('replays behind the number in its address, and says when that is out of reach', async () => {
    noticeMany(450)
    const reader = await open('/ws?lastEventId=5')
    const events = await reader.events(445)
    noticeMany(1)
    expect(seqs(await reader.events(446))).toEqual([...seqs(events), 451])
    expect(seqs(events)).toEqual(Array.from({ length: 445 }, (_, n) => n + 6))
    test.engine.events.prune(100)
    const late = await open('/ws?lastEventId=5')
    expect((await late.events(1))[0]).toMatchObject({ type: 'resync', data: { seq: 451 } })
  })

  it('goes back when it is told to, in the middle of a replay too', async () => {
    noticeMany(5)
    const reader = await open('/ws')
    await reader.events(1)
    reader.say('{"lastEventId":2}')
    expect(seqs(await reader.events(4))).toEqual([null, 3, 4, 5])
    reader.say('{"lastEventId":0}')
    reader.say('{"lastEventId":3}')
    const all = await reader.events(6)
    noticeMany(1)
    while (seqs(await reader.events(1)).at(-1) !== 6) await new Promise(setImmediate)
    expect(seqs(await reader.events(all.length)).slice(-3)).toEqual([4, 5, 6])
  })

  it.each(['', 'x', '[]', '{}', '{"lastEventId":-1}', '{"lastEventId":1,"x":1}', 'x'.repeat(2000)])(
    'ends when it is told %j',
    async (message) => {
      const reader = await open('/ws')
      reader.say(message)
      expect(await reader.ended()).toBe(message.length > 1024 ? 1009 : 1008)
      const other = await open('/ws')
      expect(await other.events(1)).toHaveLength(1)
    },
  )

  it('keeps to one download when asked to', async () => {
    const reader = await open('/ws?download=b&lastEventId=0')
    noticeMany(2, 'a')
    noticeMany(1, 'b')
    expect(seqs(await reader.events(1))).toEqual([3])
  })

  it('tells every reader what one client did', async () => {
    test.engine.rows.set('a', sampleDownload('a'))
    const stream = await readStream(`http://127.0.0.1:${port}/api/downloads/a/events`, {
      authorization,
    })
    await stream.until((text) => text.includes('\n\n'))
    const sockets = await Promise.all([
      open('/ws'),
      open('/ws?download=a'),
      open('/ws/jobs/a/logs'),
    ])
    for (const socket of sockets) await socket.events(1)
    const headers = { authorization }
    await fetch(`http://127.0.0.1:${port}/api/downloads/a/cancel`, { method: 'POST', headers })
    const told = { type: 'download.state-changed', data: { id: 'a', to: 'cancelled' } }
    expect(await stream.events(1)).toMatchObject([told])
    // In the log of the download, the line that says so comes first.
    for (const [at, socket] of sockets.entries()) {
      expect((await socket.events(at === 2 ? 3 : 2)).at(-1)).toMatchObject(told)
    }
    stream.leave()
  })

  it('ends at once when the server closes, and lets it close', async () => {
    const sockets = await Promise.all([open('/ws'), open('/ws')])
    const started = performance.now()
    const closed = Promise.all([test.app.close(), ...sockets.map((socket) => socket.ended())])
    expect((await closed).slice(1)).toEqual([1001, 1001])
    await listener.close()
    expect(performance.now() - started).toBeLessThan(1000)
  })

  it('drops one that has stopped reading, and does not make the others wait', async () => {
    const raw = await rawSocket()
    raw.pause()
    const good = await open('/ws?lastEventId=0')
    const message = 'x'.repeat(256 * 1024)
    for (let n = 1; n <= 64; n++) {
      test.engine.events.notice('a', message)
      expect((await good.events(n)).at(-1)?.seq).toBe(n)
    }
    let received = 0
    raw.on('data', (chunk) => {
      received += chunk.length
    })
    raw.resume()
    await once(raw, 'close')
    expect(received).toBeLessThan(64 * message.length)
  })

  it('drops one that answers no ping, and no other', async () => {
    const raw = await rawSocket()
    const closed = once(raw, 'close')
    test.clock.fire(HEARTBEAT_MS)
    test.clock.fire(HEARTBEAT_MS)
    await closed
    const good = await open('/ws')
    await good.events(1)
    for (let n = 0; n < 3; n++) {
      test.clock.fire(HEARTBEAT_MS)
      noticeMany(1)
      await good.events(2 + 2 * n)
      // Its answer to this comes behind its answer to the ping.
      good.say(`{"lastEventId":${n}}`)
      await good.events(3 + 2 * n)
    }
  })

  it('lets a session and its streams go together', async () => {
    const { secret } = await test.access.sessions.open()
    const origin = `http://127.0.0.1:${port}`
    const headers = { cookie: `windlass-${port}=${secret}`, origin }
    const [first, second] = [await open('/ws', headers), await open('/ws')]
    await first.events(1)
    await fetch(`${origin}/api/session`, { method: 'DELETE', headers })
    expect(await first.ended()).toBe(1001)
    noticeMany(1)
    expect(seqs(await second.events(2))).toEqual([null, 1])
  })
})

it('a stream ends when the session that opened it is over', async () => {
  const { secret, expiresAt } = await test.access.sessions.open()
  const origin = `http://127.0.0.1:${port}`
  const reader = await open('/ws', { cookie: `windlass-${port}=${secret}`, origin })
  await reader.events(1)
  test.clock.advance(expiresAt - test.clock.now())
  test.clock.fire(HEARTBEAT_MS)
  expect(await reader.ended()).toBe(1001)
})

describe('the log of a download', () => {
  it('begins with the lines kept, and goes on with events and lines', async () => {
    test.engine.rows.set('a', sampleDownload('a'))
    noticeMany(1)
    const log = test.lines.listen(test.app.log)
    log.info({ id: 'a' }, 'before')
    log.info({ id: 'b' }, 'of another')
    const reader = await open('/ws/jobs/a/logs?lastEventId=1')
    const other = await open('/ws')
    await other.events(1)
    log.warn({ id: 'a', err: new Error('/secret/path') }, 'after')
    test.engine.events.notice('a', 'slow')
    const events = await reader.events(5)
    expect(events.map(({ type, data }) => [type, 'message' in data ? data.message : null])).toEqual(
      [
        ['download.logged', 'hello (NET_RESET)'],
        ['download.logged', 'before'],
        ['download.logged', 'after'],
        ['download.logged', 'slow (NET_RESET)'],
        ['download.noticed', 'slow'],
      ],
    )
    expect((await other.events(2)).map(({ type }) => type)).toEqual(['resync', 'download.noticed'])
    expect(test.logged()).toContain('of another')
  })

  it('is bounded, and gone with its download', () => {
    const log = test.lines.listen(test.app.log)
    for (let n = 0; n < 150; n++) log.info({ id: 'a' }, `line ${n}`)
    expect(test.lines.of('a').map(({ data }) => data.message)).toEqual(
      Array.from({ length: 100 }, (_, n) => `line ${n + 50}`),
    )
    for (let n = 0; n < 500; n++) log.info({ id: `d${n}` }, 'x')
    expect(test.lines.of('a')).toEqual([])
    test.engine.events.append('download.forgotten', { id: 'd3' })
    expect(test.lines.of('d3')).toEqual([])
  })

  it('does not exist for a download that does not', async () => {
    const answer = await upgrade('/ws/jobs/nope/logs', { authorization })
    expect([answer.status, answer.code]).toEqual([404, 'DOWNLOAD_NOT_FOUND'])
  })
})

describe('a WebSocket', () => {
  const own = (): string => `http://localhost:${port}`

  it('opens by a ticket, once', async () => {
    const post = { method: 'POST', headers: { authorization } }
    const answer = await fetch(`http://127.0.0.1:${port}/api/tickets`, post)
    const { code } = (await answer.json()) as { code: string }
    expect((await upgrade(`/ws?ticket=${code}`, { origin: own() })).status).toBe(101)
    expect((await upgrade(`/ws?ticket=${code}`, { origin: own() })).code).toBe('AUTH_REQUIRED')
    const other = test.access.codes.issue('ticket').code
    const headers = { host: `localhost:${port}` }
    const read = await askServer(port, { path: `/api/downloads?ticket=${other}`, headers })
    expect(read.code, 'it opens nothing else').toBe('AUTH_REQUIRED')
    expect(test.logged()).not.toContain(code)
  })

  it.each([
    ['no proof', {}],
    ['a token in the address', {}, `?token=${TOKEN}`],
    ['the token as a ticket', {}, `?ticket=${TOKEN}`],
    ['two tickets', {}, '?ticket=a&ticket=b'],
    ['a wrong token', { authorization: 'Bearer wrong' }],
  ])('is refused for %s', async (_name, headers, query = '') => {
    const answer = await upgrade(`/ws${query}`, headers)
    expect([answer.status, answer.code]).toEqual([401, 'AUTH_REQUIRED'])
  })

  it.each([
    'null',
    'http://evil.example',
    'https://evil.example',
    'http://localhost',
    'http://localhost:1',
    'http://127.0.0.1:1',
    'http://localhost.evil.example',
    'https://localhost',
    'ws://localhost',
    'file://',
    'chrome-extension://abcdef',
    '',
  ])('is refused to the page %j, token or not', async (origin) => {
    for (const path of ['/ws', '/ws/jobs/a/logs', '/api/events']) {
      const answer = await upgrade(path, { authorization, origin })
      expect([answer.status, answer.code]).toEqual([403, 'ORIGIN_REJECTED'])
    }
  })

  it('is refused by cookie without a page, and under a foreign Host', async () => {
    const { secret } = await test.access.sessions.open()
    const cookie = `windlass-${port}=${secret}`
    expect((await upgrade('/ws', { cookie })).code).toBe('ORIGIN_REJECTED')
    expect((await upgrade('/ws', { cookie, origin: own() })).status).toBe(101)
    const foreign = await upgrade('/ws', { authorization, host: 'evil.example' })
    expect([foreign.status, foreign.code]).toEqual([421, 'HOST_REJECTED'])
  })

  it('is all that its address answers to, and other addresses are none', async () => {
    const headers = { host: `localhost:${port}`, authorization }
    const plain = await askServer(port, { path: '/ws', headers })
    expect([plain.status, plain.code]).toEqual([426, 'UPGRADE_REQUIRED'])
    expect(plain.headers.upgrade).toBe('websocket')
    expect((await upgrade('/ws?lastEventId=x', { authorization })).status).toBe(400)
    expect((await upgrade('/nothing', { authorization })).status).toBe(404)
    for (const path of ['/api/downloads', '/api/health', '/signin']) {
      expect((await upgrade(path, { authorization })).code, path).toBe('BAD_REQUEST')
    }
    const h2c = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAA' }
    expect((await upgrade('/api/health', { authorization, ...h2c })).status).toBe(200)
  })

  it('has room for 256 of one client, and the rest is for others', async () => {
    const all = await Promise.all(Array.from({ length: 256 }, () => open('/ws')))
    await Promise.all(all.map((reader) => reader.events(1)))
    const refused = await upgrade('/ws', { authorization })
    expect([refused.status, refused.code]).toEqual([503, 'TOO_MANY_STREAMS'])
    const host = `localhost:${port}`
    const headers = { ...UPGRADE, host, authorization }
    expect((await askServer(port, { path: '/ws', from: '127.0.0.2', headers })).status).toBe(101)
  })
})

/** A WebSocket that reads and answers only what the test does by hand. */
async function rawSocket() {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  const head = Object.entries({ host: `127.0.0.1:${port}`, authorization, ...UPGRADE })
  const lines = head.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.write(`GET /ws HTTP/1.1\r\n${lines}\r\n`)
  await once(socket, 'data')
  return socket
}
