import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createRandomBytes } from '../bytes/random-bytes.ts'
import { readBytes } from '../bytes/virtual-bytes.ts'
import type { FaultRule } from './fault-rule.ts'
import { createFaultRules, type FaultRules } from './fault-rules.ts'
import { type Listener, startListener } from './listener.ts'
import { fileReply } from './reply.ts'
import type { LoggedRequest } from './request-log.ts'

const SIZE = 1_000_000
const content = createRandomBytes('faults', SIZE)
const whole = readBytes(content)

let log: LoggedRequest[]
let rules: FaultRules
let listener: Listener

beforeEach(async () => {
  log = []
  rules = createFaultRules()
  listener = await startListener({
    role: 'cdn',
    host: '127.0.0.1',
    port: 0,
    route: (request) => fileReply(request, content, { ETag: '"v1"' }),
    rules,
    log,
  })
})

afterEach(() => listener.close())

interface Received {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
  /** The socket's error, or `aborted` when it closed before the end of the body. */
  readonly error: string | undefined
}

/** A raw GET on a connection of its own that keeps what came before an error. */
async function receive(path = '/file', headers: Record<string, string> = {}): Promise<Received> {
  const request = get(`${listener.url}${path}`, { headers, agent: false })
  const [response]: IncomingMessage[] = await once(request, 'response')
  if (response === undefined) throw new TypeError('No response')
  // A reset is an error of the request too, besides that of the response which is read below.
  request.on('error', () => undefined)
  const chunks: Buffer[] = []
  let error: string | undefined
  try {
    for await (const chunk of response) chunks.push(chunk)
  } catch (thrown) {
    error = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown)
  }
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: Buffer.concat(chunks),
    error,
  }
}

function add(
  action: FaultRule['do'],
  match: FaultRule['match'] = {},
): ReturnType<FaultRules['add']> {
  return rules.add({ match, do: action })
}

describe('which requests', () => {
  const bad = { status: 500 }
  const statuses = async (...paths: string[]): Promise<number[]> => {
    const found: number[] = []
    for (const path of paths) found.push((await receive(path)).status)
    return found
  }

  test('a rule without a match is for all, until it is removed', async () => {
    const handle = add(bad)
    expect(await statuses('/a', '/b')).toEqual([500, 500])
    handle.remove()
    expect(await statuses('/a')).toEqual([200])
    expect(handle.hits).toBe(2)
  })

  test('nth is that one alone, with times as many from there', async () => {
    add(bad, { nth: 2 })
    expect(await statuses('/a', '/a', '/a')).toEqual([200, 500, 200])
    rules.clear()
    add(bad, { nth: 2, times: 2 })
    expect(await statuses('/a', '/a', '/a', '/a')).toEqual([200, 500, 500, 200])
    rules.clear()
    add(bad, { times: 1 })
    expect(await statuses('/a', '/a')).toEqual([500, 200])
  })

  test('the path is matched decoded and without the query', async () => {
    add(bad, { path: 'b c' })
    add({ status: 502 }, { path: /^\/d+$/g })
    expect(await statuses('/a', '/b%20c', '/a?q=b%20c', '/dd', '/dd')).toEqual([
      200, 500, 200, 502, 502,
    ])
  })

  test('the first rule that applies is the only one, and the others are not used up', async () => {
    add(bad, { times: 1 })
    add({ status: 502 }, { times: 1 })
    expect(await statuses('/a', '/a', '/a')).toEqual([500, 502, 200])
  })

  test('role, method, range and headers must agree', async () => {
    add(bad, { role: 'hub' })
    add(bad, { method: 'HEAD' })
    add({ status: 501 }, { rangeFrom: 5 })
    add({ status: 502 }, { rangeFromAtLeast: 100 })
    add({ status: 503 }, { header: { 'user-agent': /^bad/ } })
    expect((await receive('/a')).status).toBe(200)
    expect((await receive('/a', { Range: 'bytes=5-' })).status).toBe(501)
    expect((await receive('/a', { Range: 'bytes=6-' })).status).toBe(206)
    expect((await receive('/a', { Range: 'bytes=100-' })).status).toBe(502)
    expect((await receive('/a', { 'User-Agent': 'bad client' })).status).toBe(503)
  })
})

describe('answers', () => {
  test('a status comes with its headers and body', async () => {
    const headers = { 'Retry-After': '7', RateLimit: '"resolvers";r=0;t=2' }
    add({ status: 429, headers, body: 'slow down' })
    const got = await receive()
    expect([got.status, got.body.toString()]).toEqual([429, 'slow down'])
    expect(got.headers).toMatchObject({ 'retry-after': '7', ratelimit: '"resolvers";r=0;t=2' })
  })

  test('headers alone change the true answer, null takes one away', async () => {
    add({ headers: { etag: '"v2"', 'Accept-Ranges': null } })
    const got = await receive()
    expect(got.body.equals(whole)).toBe(true)
    expect(got.headers.etag).toBe('"v2"')
    expect(got.headers['accept-ranges']).toBeUndefined()
  })

  test('redirect and expiry replace the answer', async () => {
    add({ redirect: 'http://elsewhere.test/' }, { times: 1 })
    add({ expire: true })
    expect((await receive()).headers.location).toBe('http://elsewhere.test/')
    const expired = await receive()
    expect([expired.status, expired.body.toString()]).toEqual([
      403,
      expect.stringContaining('Request has expired'),
    ])
  })

  test('an ignored range is a 200 with everything', async () => {
    add({ ignoreRange: true })
    const got = await receive('/f', { Range: 'bytes=500-' })
    expect([got.status, got.body.length]).toEqual([200, SIZE])
  })

  test('an If-Range that does not agree is a 200 with everything', async () => {
    const Range = 'bytes=500-'
    expect((await receive('/f', { Range, 'If-Range': '"v0"' })).status).toBe(200)
    expect((await receive('/f', { Range, 'If-Range': '"v1"' })).status).toBe(206)
  })

  test('a wrong Content-Range lies about the start, the total, or is not there', async () => {
    const Range = 'bytes=500-999'
    add({ wrongContentRange: { shiftBytes: 10 } }, { nth: 1 })
    const shifted = await receive('/f', { Range })
    expect(shifted.headers['content-range']).toBe('bytes 510-999/1000000')
    expect(shifted.body.equals(whole.subarray(510, 1000))).toBe(true)
    rules.clear()
    add({ wrongContentRange: { lieBytes: 10, total: '*' } }, { nth: 1 })
    const lied = await receive('/f', { Range })
    expect(lied.headers['content-range']).toBe('bytes 510-1009/*')
    expect(lied.body.equals(whole.subarray(500, 1000))).toBe(true)
    rules.clear()
    add({ wrongContentRange: { omit: true } })
    expect((await receive('/f', { Range })).headers['content-range']).toBeUndefined()
  })

  test('other content has the same size and no byte in its place', async () => {
    add({ serveOther: 'changed' })
    const got = await receive('/f', { Range: 'bytes=0-99' })
    expect(got.body.equals(readBytes(createRandomBytes('changed', SIZE), 0, 100))).toBe(true)
    expect(got.headers['content-range']).toBe('bytes 0-99/1000000')
  })

  test('a flipped bit is at its place in the file, whatever range is asked', async () => {
    add({ flipBitAt: 600 })
    const got = await receive('/f', { Range: 'bytes=500-999' })
    const differing = [...got.body.keys()].filter((at) => got.body[at] !== whole[500 + at])
    expect(differing).toEqual([100])
  })

  test('gzip comes unasked', async () => {
    add({ gzip: true })
    const got = await receive('/f', { 'Accept-Encoding': 'identity' })
    expect(got.headers['content-encoding']).toBe('gzip')
    expect(got.headers['content-length']).toBeUndefined()
    expect(gunzipSync(got.body).equals(whole)).toBe(true)
  })
})

describe('delivery', () => {
  test('a cut delivers exactly so many bytes', async () => {
    for (const cutAt of [0, 1, 300_000]) {
      rules.clear()
      add({ cutAt })
      const got = await receive()
      expect([got.status, got.error]).toEqual([200, 'ECONNRESET'])
      expect(got.body.equals(whole.subarray(0, cutAt))).toBe(true)
      expect(log.at(-1)).toMatchObject({ bytesSent: cutAt, end: 'cut' })
    }
  })

  test('a cut counts from the start of this answer', async () => {
    add({ cutAt: 10 })
    const got = await receive('/f', { Range: 'bytes=500-' })
    expect(got.body.equals(whole.subarray(500, 510))).toBe(true)
  })

  test('a reset breaks the connection', async () => {
    add({ rstAt: 100_000 })
    expect((await receive()).error).toBe('ECONNRESET')
    expect(log.at(-1)?.end).toBe('reset')
  })

  test('a hang-up comes before any answer', async () => {
    add({ hangUp: 'fin' }, { times: 1 })
    add({ hangUp: 'reset' })
    await expect(receive()).rejects.toThrow('socket hang up')
    await expect(receive()).rejects.toThrow('ECONNRESET')
  })

  test('a stall sends so much and then keeps the connection', async () => {
    add({ stallAt: 5000 })
    const request = get(`${listener.url}/f`, { agent: false })
    const [response]: IncomingMessage[] = await once(request, 'response')
    let received = 0
    response?.on('data', (chunk: Buffer) => {
      received += chunk.length
    })
    response?.on('error', () => undefined)
    await expect.poll(() => received).toBe(5000)
    await expect.poll(() => log.at(-1)?.end).toBe('stalled')
    expect(response?.destroyed).toBe(false)
    request.destroy()
  })

  test('a lie about the length leaves the client waiting for more, then without a connection', async () => {
    add({ lieLength: 5 })
    const got = await receive()
    expect(got.headers['content-length']).toBe('1000005')
    expect([got.body.length, got.error]).toEqual([SIZE, 'ECONNRESET'])
  })

  test('a clean truncation is a complete answer that is too short', async () => {
    add({ truncateClean: 1234 })
    const got = await receive()
    expect([got.body.length, got.error]).toEqual([1234, undefined])
    expect(got.headers['content-length']).toBeUndefined()
    expect(log.at(-1)?.end).toBe('truncated')
  })

  test('a rate is kept', async () => {
    add({ bytesPerSecond: 4_000_000 })
    const startedAt = performance.now()
    await receive()
    const elapsedMs = performance.now() - startedAt
    expect(elapsedMs).toBeGreaterThan(220)
    expect(elapsedMs).toBeLessThan(5000)
  })

  test('late headers are late', async () => {
    add({ delayHeadersMs: 80 })
    const startedAt = performance.now()
    await receive()
    expect(performance.now() - startedAt).toBeGreaterThan(75)
  })

  test('a client that goes away is noted, with the bytes it may have got', async () => {
    add({ bytesPerSecond: 1_000_000 })
    const request = get(`${listener.url}/f`, { agent: false })
    const [response]: IncomingMessage[] = await once(request, 'response')
    response?.on('error', () => undefined)
    await once(response ?? request, 'data')
    request.destroy()
    await expect.poll(() => log.at(-1)?.end).toBe('client-closed')
    expect(log.at(-1)?.bytesSent).toBeLessThan(SIZE)
  })
})

test('a route that throws is a 500 with the reason', async () => {
  const broken = await startListener({
    role: 'hub',
    host: '127.0.0.1',
    port: 0,
    route: () => {
      throw new TypeError('no such thing')
    },
    rules,
    log,
  })
  try {
    const response = await fetch(broken.url)
    expect([response.status, await response.text()]).toEqual([
      500,
      expect.stringContaining('no such thing'),
    ])
  } finally {
    await broken.close()
  }
})

test('a target that is not validly encoded is a 400', async () => {
  expect((await receive('/%E0%A4%A')).status).toBe(400)
})
