import {
  BulkResult,
  CurrentLimits,
  Download,
  DownloadPage,
  Health,
  Problem,
} from '@windlass/contract'
import type { InjectOptions } from 'fastify'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sampleDownload } from './testing/memory-engine.ts'
import { GOOD, openTestApp, type TestApp, TOKEN } from './testing/test-app.ts'

let test: TestApp
beforeEach(async () => {
  test = await openTestApp()
})
afterEach(() => test.app.close())

const ask = (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, payload?: object) =>
  test.app.inject({ method, url, headers: GOOD, ...(payload === undefined ? {} : { payload }) })

const add = (id: string, change: Partial<Download> = {}): void => {
  test.engine.rows.set(id, sampleDownload(id, change))
}

describe('the download routes', () => {
  it('answer 201 to a new download and 200 to the same job', async () => {
    const first = await ask('POST', '/api/downloads', { ref: 'org/a' })
    const second = await ask('POST', '/api/downloads', { ref: 'org/a' })
    expect([first.statusCode, second.statusCode]).toEqual([201, 200])
    expect(Download.parse(second.json()).ref).toBe('org/a')
  })

  it('hand on the key of a client, and refuse one that is none', async () => {
    const send = (key: string) =>
      test.app.inject({
        method: 'POST',
        url: '/api/downloads',
        headers: { ...GOOD, 'idempotency-key': key },
        payload: { ref: 'org/a' },
      })
    expect((await send('k-1')).statusCode).toBe(201)
    expect(test.engine.idempotencyKeys).toEqual(['k-1'])
    for (const key of ['', 'two words', 'ü', 'x'.repeat(256)]) {
      expect([key, (await send(key)).statusCode]).toEqual([key, 400])
    }
    expect(test.engine.idempotencyKeys).toEqual(['k-1'])
  })

  it('plan without starting', async () => {
    const answer = await ask('POST', '/api/downloads/plan', { ref: 'org/a' })
    expect(answer.statusCode).toBe(200)
    expect(answer.json().missingBytes).toBe(3)
    expect(test.engine.rows.size).toBe(0)
  })

  it('list in pages and keep the files out', async () => {
    for (const id of ['a', 'b', 'c']) add(id)
    const first = await ask('GET', '/api/downloads?limit=2')
    const page = DownloadPage.parse(first.json())
    const rest = await ask('GET', `/api/downloads?limit=2&cursor=${page.nextCursor}`)
    expect(page.items.map(({ id }) => id)).toEqual(['a', 'b'])
    expect(rest.json().items).toHaveLength(1)
    expect(rest.json().nextCursor).toBeNull()
    expect(first.json().items[0]).not.toHaveProperty('files')
  })

  it('find one, with its files, and know an unknown one', async () => {
    add('a')
    expect((await ask('GET', '/api/downloads/a')).json().files).toEqual([])
    const missing = await ask('GET', '/api/downloads/b')
    expect(missing.statusCode).toBe(404)
    expect(Problem.parse(missing.json()).code).toBe('DOWNLOAD_NOT_FOUND')
  })

  it('pause, resume, cancel with a receipt, and refuse what the state forbids', async () => {
    add('a')
    expect((await ask('POST', '/api/downloads/a/pause')).json().state).toBe('paused')
    expect((await ask('POST', '/api/downloads/a/pause')).statusCode).toBe(409)
    expect((await ask('POST', '/api/downloads/a/resume')).json().state).toBe('queued')
    const cancelled = await ask('POST', '/api/downloads/a/cancel')
    expect(cancelled.json()).toMatchObject({ state: 'cancelled', receipt: { files: 2, bytes: 7 } })
    expect((await ask('POST', '/api/downloads/a/retry')).json().code).toBe('INVALID_STATE')
  })

  it('move one, and several side by side in the order named', async () => {
    for (const id of ['a', 'b', 'c', 'd']) add(id)
    const moved = await ask('POST', '/api/downloads/d/move', { before: 'b' })
    expect([moved.statusCode, [...test.engine.rows.keys()]]).toEqual([200, ['a', 'd', 'b', 'c']])
    const bulk = await ask('POST', '/api/downloads/move', { ids: ['c', 'x', 'b'], to: 'first' })
    expect(
      BulkResult.parse(bulk.json()).results.map(({ id, problem }) => [id, problem?.code]),
    ).toEqual([
      ['c', undefined],
      ['x', 'DOWNLOAD_NOT_FOUND'],
      ['b', undefined],
    ])
    expect([...test.engine.rows.keys()]).toEqual(['c', 'b', 'a', 'd'])
    const urgent = await ask('POST', '/api/downloads/a/move', { priority: 7 })
    expect(urgent.json().priority).toBe(7)
    for (const body of [{}, { to: 'middle' }, { to: 'first', before: 'a' }, { priority: 1001 }]) {
      expect((await ask('POST', '/api/downloads/a/move', body)).statusCode).toBe(400)
    }
  })

  it('forget with an empty 204', async () => {
    add('a')
    const answer = await ask('DELETE', '/api/downloads/a')
    expect([answer.statusCode, answer.body]).toEqual([204, ''])
    expect((await ask('DELETE', '/api/downloads/a')).statusCode).toBe(404)
  })

  it('give every download of a bulk action its own outcome, in the order asked', async () => {
    add('a')
    add('b', { state: 'completed', actions: ['forget'] })
    const answer = await ask('POST', '/api/downloads/pause', { ids: ['a', 'b', 'nope', 'a'] })
    const { results } = BulkResult.parse(answer.json())
    expect(
      results.map(({ id, download, problem }) => [id, download?.state ?? problem?.code]),
    ).toEqual([
      ['a', 'paused'],
      ['b', 'INVALID_STATE'],
      ['nope', 'DOWNLOAD_NOT_FOUND'],
    ])
  })

  it('forget several, of which nothing is left', async () => {
    add('a', { state: 'completed', actions: ['forget'] })
    add('b')
    const answer = await ask('POST', '/api/downloads/forget', { ids: ['a', 'nope'] })
    const { results } = BulkResult.parse(answer.json())
    expect(results.map(({ id, download, problem }) => [id, download, problem?.code])).toEqual([
      ['a', undefined, undefined],
      ['nope', undefined, 'DOWNLOAD_NOT_FOUND'],
    ])
    expect([...test.engine.rows.keys()]).toEqual(['b'])
  })

  it('mean by all those in which the action is legal', async () => {
    for (let n = 0; n < 20; n++) add(`d${n}`)
    add('done', { state: 'completed', actions: ['forget'] })
    const { results } = BulkResult.parse(
      (await ask('POST', '/api/downloads/pause', { all: true })).json(),
    )
    expect(results).toHaveLength(20)
    expect(results.every(({ download }) => download?.state === 'paused')).toBe(true)
  })
})

describe('the limits', () => {
  it('can be read and changed, and say no to what makes no sense', async () => {
    expect((await ask('GET', '/api/limits')).json().limits).toMatchObject({ maxActive: 3 })
    const changed = await ask('PATCH', '/api/limits', { maxActive: 5, limitRate: 5000 })
    expect(CurrentLimits.parse(changed.json()).limits).toMatchObject({
      maxActive: 5,
      limitRate: 5000,
    })
    const row = { days: ['mon'], from: '08:00', to: '18:00', limitRate: 5000 }
    for (const body of [
      { maxActive: 0 },
      { limitRate: 999 },
      { nonsense: 1 },
      { schedule: [{ ...row, from: '24:00' }] },
      { schedule: [{ ...row, days: [] }] },
      { temporary: { limitRate: 5000, seconds: 0 } },
      { perHost: { 'h.example': 1.5 } },
      { reset: ['nonsense'] },
    ]) {
      expect([body, (await ask('PATCH', '/api/limits', body)).statusCode]).toEqual([body, 400])
    }
    expect((await ask('GET', '/api/limits')).json().limits).toMatchObject({ maxActive: 5 })
  })
})

describe('every answer', () => {
  it('is kept out of caches', async () => {
    for (const url of ['/api/health', '/api/nothing', '/api/downloads/x']) {
      expect((await ask('GET', url)).headers['cache-control']).toBe('no-store')
    }
  })

  it('of the health route names the version and how busy the engine is', async () => {
    add('a')
    expect(Health.parse((await ask('GET', '/api/health')).json())).toMatchObject({
      status: 'ok',
      version: '1.2.3',
      queued: 1,
    })
  })

  it.each([
    [{ ref: 'a', nonsense: 1 }, 'Unrecognized key: "nonsense"'],
    [{ ref: 'a', options: { speed: 1 } }, 'options: Unrecognized key: "speed"'],
    [{ ref: 'a', include: ['*', 1] }, 'include.1: Invalid input: expected string, received number'],
    [[], 'Invalid input: expected object, received array'],
  ])('to %j says where it is wrong, once', async (body, detail) => {
    const answer = await ask('POST', '/api/downloads', body)
    const problem = Problem.parse(answer.json())
    expect(problem.detail).toBe(`The request is not valid: ${detail}`)
  })

  const failures: readonly [string, InjectOptions, number, string][] = [
    ['an unknown route', { url: '/api/nothing' }, 404, 'ROUTE_NOT_FOUND'],
    ['an unknown method', { method: 'PUT', url: '/api/downloads' }, 404, 'ROUTE_NOT_FOUND'],
    ['a broken escape', { url: '/api/%zz' }, 400, 'BAD_REQUEST'],
    ['a bad query', { url: '/api/downloads?limit=0' }, 400, 'BAD_REQUEST'],
    ['an unknown field', post({ ref: 'a', nonsense: 1 }), 400, 'BAD_REQUEST'],
    ['a missing field', post({}), 400, 'BAD_REQUEST'],
    ['a body that is no JSON', postText('{', 'application/json'), 400, 'BAD_REQUEST'],
    ['an empty body', postText('', 'application/json'), 400, 'BAD_REQUEST'],
    ['no body at all', { method: 'POST', url: '/api/downloads' }, 400, 'BAD_REQUEST'],
    ['a poisoned prototype', postText('{"__proto__":{}}', 'application/json'), 400, 'BAD_REQUEST'],
    ['plain text', postText('{"ref":"a"}', 'text/plain'), 415, 'UNSUPPORTED_MEDIA_TYPE'],
    [
      'a form',
      postText('ref=a', 'application/x-www-form-urlencoded'),
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    ['a huge body', post({ ref: 'x'.repeat(1024 * 1024) }), 413, 'PAYLOAD_TOO_LARGE'],
    ['a strange event id', { url: '/api/events?lastEventId=abc' }, 400, 'BAD_REQUEST'],
    ['events of nothing', { url: '/api/downloads/nope/events' }, 404, 'DOWNLOAD_NOT_FOUND'],
  ]
  it.each(failures)('to %s is a problem document', async (_name, options, status, code) => {
    const answer = await test.app.inject({ ...options, headers: { ...GOOD, ...options.headers } })
    expect(answer.statusCode).toBe(status)
    expect(answer.headers['content-type']).toContain('application/problem+json')
    expect(Problem.parse(answer.json())).toMatchObject({ code, status })
  })

  it('to a request that is not valid says what is wrong with which field', async () => {
    const answer = await ask('POST', '/api/downloads', { ref: 'a', priority: 'high' })
    expect(answer.json().detail).toContain('priority')
  })

  it('to a bug hides what happened, and logs it', async () => {
    test.engine.downloads.find = async () => {
      throw new TypeError('inner-secret-detail')
    }
    const answer = await ask('GET', '/api/downloads/a')
    expect(answer.json()).toMatchObject({ code: 'INTERNAL', status: 500 })
    expect(answer.body).not.toContain('inner-secret-detail')
    expect(test.logged()).toContain('inner-secret-detail')
  })

  it('to a full queue says when to come back', async () => {
    const { WindlassError } = await import('@windlass/engine')
    test.engine.downloads.create = async () => {
      throw new WindlassError('QUEUE_FULL', { retryAt: test.clock.now() + 4200 })
    }
    const answer = await ask('POST', '/api/downloads', { ref: 'a' })
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([429, '5'])
  })
})

describe('the log', () => {
  it('never holds the token', async () => {
    await ask('GET', '/api/downloads')
    await test.app.inject({ url: '/api/downloads', headers: { host: 'localhost' } })
    test.app.log.info({ headers: { authorization: `Bearer ${TOKEN}` }, token: TOKEN }, 'probe')
    expect(test.logged()).toContain('probe')
    expect(test.logged()).not.toContain(TOKEN)
  })
})

function post(payload: object): InjectOptions {
  return { method: 'POST', url: '/api/downloads', payload }
}

function postText(payload: string, type: string): InjectOptions {
  return { method: 'POST', url: '/api/downloads', payload, headers: { 'content-type': type } }
}
