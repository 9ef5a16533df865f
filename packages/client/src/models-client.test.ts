import { MODEL_EXAMPLES as EXAMPLES } from '@windlass/contract'
import { assert, expect, it, onTestFinished } from 'vitest'
import { isApiError } from './api-error.ts'
import { createClient } from './create-client.ts'
import type { ModelsClient } from './models-client.ts'
import {
  type Answer,
  json,
  type ScriptedServer,
  scriptedServer,
  stream,
} from './testing/scripted-server.ts'

const MODEL = { hf_repo: 'org/name' }
const PROGRESS = {
  phase: 'checking',
  files_done: 1,
  files_total: 2,
  bytes_done: 3,
  bytes_total: 7,
} as const

async function setUp(
  ...answers: Answer[]
): Promise<{ models: ModelsClient; server: ScriptedServer }> {
  const server = await scriptedServer(...answers)
  onTestFinished(() => server.close())
  const { models } = createClient({ baseUrl: server.baseUrl, token: 'canary-token', fetch })
  return { models, server }
}

const message = (event: string, data: unknown): string =>
  `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`

it('reaches every model route by its own path and reads its answer', async () => {
  const { models, server } = await setUp(
    json(200, EXAMPLES.list),
    json(200, EXAMPLES.entry),
    json(202, EXAMPLES.task),
    json(200, EXAMPLES.ready),
    json(200, EXAMPLES.paused),
    json(200, EXAMPLES.resumed),
    json(200, EXAMPLES.cancelled),
    json(200, EXAMPLES.active),
    json(200, EXAMPLES.deleted),
    json(200, EXAMPLES.space),
    json(200, EXAMPLES.pruned),
  )
  expect(await models.list()).toEqual(EXAMPLES.list)
  expect(await models.status(MODEL)).toEqual(EXAMPLES.entry)
  expect(await models.download(MODEL)).toEqual(EXAMPLES.task)
  expect(await models.download(MODEL)).toEqual(EXAMPLES.ready)
  await models.pause('a/b')
  await models.resume('a/b')
  expect(await models.cancel('a/b')).toEqual(EXAMPLES.cancelled)
  expect(await models.active()).toEqual(EXAMPLES.active)
  expect(await models.remove(MODEL)).toEqual(EXAMPLES.deleted)
  expect(await models.space()).toEqual(EXAMPLES.space)
  expect(await models.prune()).toEqual(EXAMPLES.pruned)
  expect(server.seen.map(({ method, path, body }) => `${method} ${path} ${body}`.trim())).toEqual([
    'GET /api/models/list',
    'POST /api/models/status {"hf_repo":"org/name"}',
    'POST /api/models/download {"hf_repo":"org/name"}',
    'POST /api/models/download {"hf_repo":"org/name"}',
    'POST /api/models/download/a%2Fb/pause',
    'POST /api/models/download/a%2Fb/resume',
    'POST /api/models/download/a%2Fb/cancel',
    'GET /api/models/downloads/active',
    'DELETE /api/models {"hf_repo":"org/name"}',
    'GET /api/models/space',
    'POST /api/models/prune {}',
  ])
})

it('tells the progress of a check and returns its report', async () => {
  const { models, server } = await setUp(
    stream([message('progress', PROGRESS), message('report', EXAMPLES.verified)], 'end'),
  )
  const told: unknown[] = []
  const report = await models.verify(
    { ...MODEL, repair: true },
    { onProgress: (progress) => told.push(progress) },
  )
  expect(report).toEqual(EXAMPLES.verified)
  expect(told).toEqual([PROGRESS])
  expect(server.seen[0]).toMatchObject({ headers: { accept: 'text/event-stream' } })
})

const PROBLEM = {
  type: 'urn:windlass:error:HASH_MISMATCH',
  code: 'HASH_MISMATCH',
  title: 't',
  status: 502,
  detail: 'd',
  facts: {},
}

it.each([
  ['a problem at its end', [stream([message('problem', PROBLEM)], 'end')], 'HASH_MISMATCH'],
  ['a refusal', [json(502, PROBLEM)], 'HASH_MISMATCH'],
  ['a stream cut off', [stream([message('progress', PROGRESS)], 'cut')], 'SERVER_UNREACHABLE'],
  ['a stream without an end', [stream([], 'end')], 'SERVER_UNREACHABLE'],
] as const)('throws an ApiError of a check for %s', async (_what, answers, code) => {
  const { models } = await setUp(...answers)
  const error: unknown = await models.verify(MODEL).then(
    () => assert.fail('it succeeded'),
    (thrown: unknown) => thrown,
  )
  expect(isApiError(error, code), String(error)).toBe(true)
})

it('stops a check when its signal aborts', async () => {
  const { models } = await setUp(stream([message('progress', PROGRESS)], 'stay'))
  const stop = new AbortController()
  const reason = new Error('enough')
  const checking = models.verify(MODEL, {
    signal: stop.signal,
    onProgress: () => stop.abort(reason),
  })
  await expect(checking).rejects.toBe(reason)
})
