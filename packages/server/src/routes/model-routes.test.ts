import {
  ERROR_CODES,
  type ErrorCode,
  ModelDeleted,
  ModelEntry,
  ModelList,
  Problem,
  VerifyReport,
} from '@windlass/contract'
import { WindlassError } from '@windlass/engine'
import { afterEach, assert, beforeEach, describe, expect, it } from 'vitest'
import { sampleDownload } from '../testing/memory-engine.ts'
import { sampleModel } from '../testing/memory-models.ts'
import { GOOD, openTestApp, type TestApp } from '../testing/test-app.ts'

const NAME = { hf_repo: 'org/name', hf_commit: 'c'.repeat(40) }
const REPORT: VerifyReport = {
  model: NAME,
  status: 'VERIFIED',
  checked_against: 'hub',
  hub_error: null,
  files_checked: 2,
  bytes_checked: 7,
  damaged: [],
  missing: [],
  repair: null,
  elapsed_seconds: 0.1,
}

let test: TestApp
beforeEach(async () => {
  test = await openTestApp()
})
afterEach(() => test.app.close())

const ask = (method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object) =>
  test.app.inject({ method, url, headers: GOOD, ...(payload === undefined ? {} : { payload }) })

const fail = (code: ErrorCode) => async (): Promise<never> => {
  throw new WindlassError(code, { facts: { task_id: 't1' } })
}

describe('the model routes', () => {
  it('answer 202 to a new download and 200 to a model that is there', async () => {
    test.engine.models.download = async ({ hf_repo }) =>
      hf_repo === 'org/new'
        ? { task_id: 't1', status: 'DOWNLOADING' }
        : { task_id: null, status: 'DOWNLOADED', path: '/cache/x' }
    const started = await ask('POST', '/api/models/download', { hf_repo: 'org/new' })
    expect([started.statusCode, started.json()]).toEqual([
      202,
      { task_id: 't1', status: 'DOWNLOADING' },
    ])
    const there = await ask('POST', '/api/models/download', { hf_repo: 'org/a', hf_commit: null })
    expect([there.statusCode, there.json().status]).toEqual([200, 'DOWNLOADED'])
  })

  it.each([
    ['ALREADY_DOWNLOADING', 409],
    ['QUEUE_FULL', 429],
    ['REF_INVALID', 422],
  ] as const)('answer a download with %s', async (code, status) => {
    test.engine.models.download = fail(code)
    const answer = await ask('POST', '/api/models/download', { hf_repo: 'org/name' })
    expect(answer.statusCode).toBe(status)
    expect(answer.headers['content-type']).toContain('application/problem+json')
    expect(Problem.parse(answer.json())).toMatchObject({ code, facts: { task_id: 't1' } })
    expect(answer.headers['retry-after']).toBe(status === 429 ? '10' : undefined)
  })

  it('steer a task by its id, on both ways to cancel', async () => {
    const done: string[] = []
    test.engine.models.pause = async (id) => void done.push(`pause ${id}`)
    test.engine.models.resume = async (id) => void done.push(`resume ${id}`)
    test.engine.models.cancel = async (id) => {
      done.push(`cancel ${id}`)
      return { task_id: id, status: 'cancelled', receipt: { files: 1, bytes: 2 } }
    }
    expect((await ask('POST', '/api/models/download/t1/pause')).json()).toEqual({
      task_id: 't1',
      status: 'paused',
    })
    expect((await ask('POST', '/api/models/download/t1/resume')).json()).toEqual({ task_id: 't1' })
    for (const url of ['/api/models/download/t1/cancel', '/api/models/cancel/t1']) {
      expect((await ask('POST', url)).json()).toMatchObject({
        status: 'cancelled',
        receipt: { files: 1, bytes: 2 },
      })
    }
    expect(done).toEqual(['pause t1', 'resume t1', 'cancel t1', 'cancel t1'])
    test.engine.models.pause = fail('INVALID_STATE')
    expect((await ask('POST', '/api/models/download/t1/pause')).statusCode).toBe(409)
  })

  it('list, tell the status and the space, remove and prune', async () => {
    expect(ModelList.parse((await ask('GET', '/api/models/list')).json()).size_bytes).toBe(7)
    const status = await ask('POST', '/api/models/status', { hf_repo: 'org/name' })
    expect(ModelEntry.parse(status.json())).toEqual(sampleModel())
    expect((await ask('GET', '/api/models/space')).json()).toEqual({
      cache_size_bytes: 7,
      available_bytes: 100,
      cache_path: '/cache',
    })
    expect((await ask('GET', '/api/models/downloads/active')).json()).toEqual({ downloads: [] })
    const receipt = { files: 1, bytes: 2 }
    test.engine.models.remove = async ({ hf_repo, dry_run = false }) => ({
      status: 'deleted',
      model: { hf_repo, hf_commit: null },
      dry_run,
      receipt,
    })
    const deleted = await ask('DELETE', '/api/models', { hf_repo: 'org/name' })
    expect(ModelDeleted.parse(deleted.json()).model.hf_repo).toBe('org/name')
    test.engine.models.prune = async ({ dry_run = false }) => ({ dry_run, items: [], receipt })
    expect((await ask('POST', '/api/models/prune', { dry_run: true })).json().dry_run).toBe(true)
    test.engine.models.remove = fail('MODEL_NOT_FOUND')
    expect((await ask('DELETE', '/api/models', { hf_repo: 'org/name' })).statusCode).toBe(404)
  })

  it.each([
    ['POST', '/api/models/download', {}],
    ['POST', '/api/models/status', { hf_repo: '' }],
    ['POST', '/api/models/status', { hf_repo: 'a', nonsense: 1 }],
    ['DELETE', '/api/models', undefined],
    ['DELETE', '/api/models', { hf_repo: 1 }],
    ['POST', '/api/models/verify', { hf_repo: 'a', repair: 'yes' }],
    ['POST', '/api/models/prune', { all: true }],
  ] as const)('refuse %s %s with %o', async (method, url, payload) => {
    const answer = await ask(method, url, payload)
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'BAD_REQUEST'])
  })
})

describe('the check of a model', () => {
  it('is one answer to whoever wants JSON', async () => {
    test.engine.models.verify = async () => REPORT
    const answer = await ask('POST', '/api/models/verify', { hf_repo: 'org/name' })
    expect(VerifyReport.parse(answer.json())).toEqual(REPORT)
    test.engine.models.verify = fail('MODEL_NOT_FOUND')
    expect((await ask('POST', '/api/models/verify', { hf_repo: 'a/b' })).statusCode).toBe(404)
  })

  it('is a stream of progress and one end to whoever wants events', async () => {
    const progress = {
      phase: 'checking',
      files_done: 1,
      files_total: 2,
      bytes_done: 3,
      bytes_total: 7,
    } as const
    test.engine.models.verify = async (request, { onProgress }) => {
      onProgress?.(progress)
      if (request.repair === true) throw new WindlassError('HASH_MISMATCH')
      return REPORT
    }
    expect(await streamed({ hf_repo: 'org/name' })).toEqual([
      ['progress', progress],
      ['report', REPORT],
    ])
    const failed = await streamed({ hf_repo: 'org/name', repair: true })
    expect(failed.at(-1)).toMatchObject(['problem', { code: 'HASH_MISMATCH', status: 502 }])
  })

  it('stops when the server closes', async () => {
    const begun = Promise.withResolvers<AbortSignal>()
    test.engine.models.verify = (_request, { signal }) => {
      begun.resolve(signal)
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      })
    }
    const answer = ask('POST', '/api/models/verify', { hf_repo: 'org/name' })
    const signal = await begun.promise
    await test.app.close()
    expect(signal.aborted).toBe(true)
    expect((await answer).json().code).toBe('SERVER_CLOSING')
  })

  async function streamed(payload: object): Promise<[string, unknown][]> {
    const { headers, body } = await test.app.inject({
      method: 'POST',
      url: '/api/models/verify',
      headers: { ...GOOD, accept: 'text/event-stream' },
      payload,
    })
    expect(headers['content-type']).toContain('text/event-stream')
    return messagesIn(body)
  }
})

describe('the progress of a task', () => {
  it('begins with where it is and ends with its end', async () => {
    test.engine.models.requireTask = async () => undefined
    test.engine.rows.set('t1', sampleDownload('t1', { state: 'downloading', startedAt: 0 }))
    const { subscribe } = test.engine.events
    // Once somebody listens, the download comes to its end.
    test.engine.events.subscribe = (listener) => {
      const off = subscribe.call(test.engine.events, listener)
      queueMicrotask(() => finish('t1'))
      return off
    }
    const { body } = await ask('GET', '/api/models/download/t1/progress')
    const messages = messagesIn(body)
    expect(messages[0]).toMatchObject(['progress', { task_id: 't1' }])
    expect(messages.at(-1)).toMatchObject([
      'progress',
      { task_id: 't1', state: 'completed', progress: { start_time: '1970-01-01T00:00:00.000Z' } },
    ])
  })

  it('of a settled task is one message, and of no task a problem', async () => {
    test.engine.models.requireTask = async () => undefined
    test.engine.rows.set('t1', sampleDownload('t1', { state: 'cancelled' }))
    const { body } = await ask('GET', '/api/models/download/t1/progress')
    expect(messagesIn(body)).toMatchObject([['progress', { state: 'cancelled' }]])
    test.engine.models.requireTask = fail('DOWNLOAD_NOT_FOUND')
    expect((await ask('GET', '/api/models/download/t2/progress')).statusCode).toBe(404)
  })

  function finish(id: string): void {
    const row = test.engine.rows.get(id)
    assert(row)
    const download = { ...row, state: 'completed' as const }
    test.engine.rows.set(id, download)
    const { state: from } = row
    test.engine.events.append('download.state-changed', { id, from, to: 'completed', download })
  }
})

describe('the routes of sites that this version has nothing for', () => {
  it.each([
    ['POST', '/api/videos', { url: 'https://example.com/watch' }],
    ['GET', '/api/videos', undefined],
    ['GET', '/api/videos/v1', undefined],
    ['POST', '/api/videos/v1/cancel', undefined],
    ['POST', '/api/videos/v1/retry', undefined],
    ['DELETE', '/api/videos/v1', undefined],
    ['GET', '/api/civitai/models?query=sdxl&limit=20', undefined],
    ['GET', '/api/civitai/models/257749', undefined],
  ] as const)('answer %s %s with 501', async (method, url, payload) => {
    const answer = await ask(method, url, payload)
    expect(answer.statusCode).toBe(501)
    expect(Problem.parse(answer.json()).code).toBe('SOURCE_UNAVAILABLE')
  })

  it('want the token before they say that', async () => {
    const answer = await test.app.inject({ url: '/api/videos', headers: { host: 'localhost' } })
    expect(answer.statusCode).toBe(401)
  })
})

describe('the OpenAPI document', () => {
  it('names every status of every model and video route, with an example for each answer', async () => {
    const document = (await ask('GET', '/api/openapi.json')).json()
    const operations = Object.entries<Record<string, Operation>>(document.paths)
      .filter(([path]) => /^\/api\/(?:models|videos)/.test(path))
      .flatMap(([, byMethod]) => Object.entries(byMethod))
    expect(operations).toHaveLength(19)
    for (const [method, { operationId, responses, requestBody }] of operations) {
      const statuses = Object.keys(responses)
      const expected = [...(method === 'get' ? [] : ['400', '415']), '401', '421', '500']
      expect(statuses, operationId).toEqual(expect.arrayContaining(expected))
      const bodies = [requestBody, ...statuses.filter((s) => s < '3').map((s) => responses[s])]
      for (const body of bodies) {
        const schema = body?.content?.['application/json']?.schema
        if (schema === undefined) continue
        expect(exampleOf(schema, document), operationId).toBeDefined()
      }
    }
    const download = document.paths['/api/models/download'].post.responses
    expect(Object.keys(download)).toEqual(expect.arrayContaining(['200', '202', '409', '429']))
    expect(download['409'].description).toContain(ERROR_CODES.ALREADY_DOWNLOADING.message)
  })

  interface Body {
    readonly content?: Record<string, { readonly schema: { readonly $ref?: string } }>
  }
  interface Operation {
    readonly operationId: string
    readonly responses: Record<string, Body>
    readonly requestBody?: Body
  }

  function exampleOf(
    schema: { readonly $ref?: string; readonly examples?: unknown },
    document: {
      readonly components: { readonly schemas: Record<string, { readonly examples?: unknown }> }
    },
  ): unknown {
    const name = schema.$ref?.split('/').at(-1) ?? ''
    return schema.examples ?? document.components.schemas[name]?.examples
  }
})

/** Event names and data of a stream. */
function messagesIn(body: string): [string, unknown][] {
  const messages = body.split('\n\n').filter((text) => text.startsWith('event: '))
  return messages.map((text) => {
    const [event = '', data = ''] = text.split('\n')
    return [event.slice('event: '.length), JSON.parse(data.slice('data: '.length))]
  })
}
