import type { Download, Problem } from '@windlass/contract'
import { assert, describe, expect, it, onTestFinished } from 'vitest'
import { type ApiError, isApiError } from './api-error.ts'
import type { Client } from './client.ts'
import { createClient } from './create-client.ts'
import { sampleDownload } from './testing/sample-download.ts'
import {
  type Answer,
  json,
  type ScriptedServer,
  scriptedServer,
} from './testing/scripted-server.ts'

async function setUp(...answers: Answer[]): Promise<{ client: Client; server: ScriptedServer }> {
  const server = await scriptedServer(...answers)
  onTestFinished(() => server.close())
  const client = createClient({ baseUrl: `${server.baseUrl}/`, token: 'canary-token', fetch })
  return { client, server }
}

const download = (id: string): Download => sampleDownload({ id })

async function failure(promise: Promise<unknown>): Promise<ApiError> {
  const error: unknown = await promise.then(
    () => assert.fail('it succeeded'),
    (thrown: unknown) => thrown,
  )
  assert(isApiError(error), String(error))
  return error
}

describe('the client', () => {
  it('sends the key that makes a request count once', async () => {
    const { client, server } = await setUp(json(201, download('a')))
    await client.start({ ref: 'org/name' }, { idempotencyKey: 'k-1' })
    expect(server.seen[0]?.headers['idempotency-key']).toBe('k-1')
  })

  it('moves one download, and several at once', async () => {
    const { client, server } = await setUp(json(200, download('a')), json(200, { results: [] }))
    expect((await client.move('a', { before: 'b' })).id).toBe('a')
    expect(await client.moveMany({ ids: ['a', 'b'], to: 'first' })).toEqual({ results: [] })
    expect(server.seen.map(({ path, body }) => [path, JSON.parse(body)])).toEqual([
      ['/api/downloads/a/move', { before: 'b' }],
      ['/api/downloads/move', { ids: ['a', 'b'], to: 'first' }],
    ])
  })

  it('creates with the token and a JSON body, and says whether the job is new', async () => {
    const { client, server } = await setUp(json(201, download('a')), json(200, download('a')))
    const request = { ref: 'org/name', include: ['*.json'] }
    expect(await client.start(request)).toEqual({ download: download('a'), created: true })
    expect((await client.start(request)).created).toBe(false)
    expect(server.seen[0]).toMatchObject({
      method: 'POST',
      path: '/api/downloads',
      headers: { authorization: 'Bearer canary-token', 'content-type': 'application/json' },
    })
    expect(JSON.parse(server.seen[0]?.body ?? '')).toEqual(request)
  })

  it('reaches every action by its own path', async () => {
    const receipt = { files: 1, bytes: 2 }
    const { client, server } = await setUp(json(200, { ...download('a'), receipt }))
    const id = 'a/b ?'
    await client.find(id)
    await client.pause(id)
    await client.resume(id)
    expect((await client.cancel(id)).receipt).toEqual(receipt)
    await client.retry(id)
    await client.forget(id)
    const encoded = '/api/downloads/a%2Fb%20%3F'
    expect(server.seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `GET ${encoded}`,
      `POST ${encoded}/pause`,
      `POST ${encoded}/resume`,
      `POST ${encoded}/cancel`,
      `POST ${encoded}/retry`,
      `DELETE ${encoded}`,
    ])
  })

  it('forgets although the answer is empty', async () => {
    const { client } = await setUp((response) => void response.writeHead(204).end())
    expect(await client.forget('a')).toBeUndefined()
  })

  it('asks for bulk actions, plans and health', async () => {
    const plan = {
      ref: 'a',
      source: 's',
      title: 't',
      revision: null,
      destination: 'd',
      files: [],
      totalBytes: 0,
      missingBytes: 0,
      freeBytes: 0,
      reservedBytes: 0,
      fits: true,
    }
    const health = { status: 'ok', version: '1', pid: 1, startedAt: 1, active: 0, queued: 0 }
    const { client, server } = await setUp(
      json(200, { results: [{ id: 'a' }] }),
      json(200, plan),
      json(200, health),
    )
    expect(await client.bulk('pause', { all: true })).toEqual({ results: [{ id: 'a' }] })
    expect(await client.plan({ ref: 'a' })).toEqual(plan)
    expect(await client.health()).toEqual(health)
    expect(server.seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /api/downloads/pause',
      'POST /api/downloads/plan',
      'GET /api/health',
    ])
    expect(server.seen[0]?.body).toBe('{"all":true}')
  })

  it('walks through all pages, with the query on each', async () => {
    const { client, server } = await setUp(
      json(200, { items: [download('a'), download('b')], nextCursor: 'x&y' }),
      json(200, { items: [download('c')], nextCursor: null }),
    )
    const ids: string[] = []
    for await (const { id } of client.listAll({ state: 'queued', limit: 2 })) ids.push(id)
    expect(ids).toEqual(['a', 'b', 'c'])
    expect(server.seen.map(({ path }) => path)).toEqual([
      '/api/downloads?state=queued&limit=2',
      '/api/downloads?state=queued&limit=2&cursor=x%26y',
    ])
  })
})

describe('a failed call', () => {
  const problem: Problem = {
    type: 'urn:windlass:error:QUEUE_FULL',
    code: 'QUEUE_FULL',
    title: 'The queue is full',
    status: 429,
    detail: 'The queue is full: 10000 wait',
    hint: 'Try later.',
    retryAt: 5,
    facts: {},
  }

  it('tells what the problem document of the server says', async () => {
    const { client } = await setUp(json(429, problem))
    const error = await failure(client.start({ ref: 'a' }))
    expect(error.problem).toEqual(problem)
    expect(error).toMatchObject({
      name: 'ApiError',
      message: problem.detail,
      code: 'QUEUE_FULL',
      status: 429,
      detail: problem.detail,
      hint: 'Try later.',
      retryAt: 5,
    })
    expect(isApiError(error, 'QUEUE_FULL')).toBe(true)
    expect(isApiError(error, 'INTERNAL')).toBe(false)
  })

  it('is SERVER_UNREACHABLE when nobody listens, with the address and the cause', async () => {
    const { client, server } = await setUp(json(200, {}))
    await server.close()
    const error = await failure(client.health())
    expect(error.code).toBe('SERVER_UNREACHABLE')
    expect(error.message).toContain(server.baseUrl)
    expect(error.cause).toBeInstanceOf(Error)
    expect(error.hint).toBeTruthy()
  })

  it('is SERVER_UNREACHABLE when the answer breaks off', async () => {
    const { client } = await setUp((response) => {
      response.writeHead(200, { 'content-length': 100 }).write('{', () => response.destroy())
    })
    expect((await failure(client.health())).code).toBe('SERVER_UNREACHABLE')
  })

  it.each<[string, Answer]>([
    ['a page of a proxy', (response) => void response.writeHead(502).end('<html>')],
    ['something else that is JSON', json(404, { error: 'no' })],
    ['a success that is not as agreed', json(200, { status: 'fine' })],
    ['a success that is no JSON', (response) => void response.writeHead(200).end('OK')],
  ])('is HTTP_PROTOCOL when the answer is %s', async (_name, answer) => {
    const { client } = await setUp(answer)
    const error = await failure(client.health())
    expect(error.code).toBe('HTTP_PROTOCOL')
    expect(error.message + JSON.stringify(error.problem)).not.toContain('canary-token')
  })

  it('that was stopped throws the reason of its signal', async () => {
    const { client } = await setUp(() => undefined)
    const reason = new Error('enough')
    const stop = new AbortController()
    const call = expect(client.find('a', { signal: stop.signal })).rejects.toBe(reason)
    stop.abort(reason)
    await call
    await expect(client.health({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })
})
