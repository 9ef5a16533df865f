import { readdir, readFile } from 'node:fs/promises'
import { isApiError } from '@windlass/client'
import { ModelTask, ModelTaskProgress } from '@windlass/contract'
import { expect, test } from 'vitest'
import { leftovers } from './support/cache-state.ts'
import { until } from './support/until.ts'
import { openWorld, type Served, type World } from './support/world.ts'

const WEIGHTS = { path: 'model.safetensors', content: { seed: 'api', sizeBytes: 6_000_000 } }
const MODEL = { hf_repo: 'org/name' }

test('a model is downloaded, paused, resumed and followed to its end by its task', async () => {
  await using world = await openWorld()
  const { commit } = await world.hub.addRepo({ id: 'org/name', files: [WEIGHTS] })
  world.hub.setCdnRate(1_000_000)
  const served = await world.serve()
  const { models } = served.client
  const started = await call(served, world, 'POST', '/api/models/download', MODEL)
  expect(started.status).toBe(202)
  const { task_id: task, status } = ModelTask.parse(started.body)
  expect(status).toBe('DOWNLOADING')
  const again = await call(served, world, 'POST', '/api/models/download', MODEL)
  expect([again.status, again.type]).toEqual([409, 'application/problem+json; charset=utf-8'])
  expect(again.body).toMatchObject({ code: 'ALREADY_DOWNLOADING', facts: { task_id: task } })

  await until(
    async () => ((await models.status(MODEL)).progress?.received_bytes ?? 0) > 0 || undefined,
    { what: 'bytes have come' },
  )
  await models.pause(task)
  expect((await models.active()).downloads).toMatchObject([{ download_id: task, state: 'paused' }])
  const paused = await models.status(MODEL)
  expect(paused).toMatchObject({ status: 'PARTIAL', download_id: task })
  expect(paused.staged_bytes).toBeGreaterThan(0)

  const resumed = await call(served, world, 'POST', `/api/models/download/${task}/resume`)
  expect([resumed.status, resumed.body]).toEqual([200, { task_id: task }])
  world.hub.setCdnRate(undefined)
  const messages = await follow(served, world, task)
  expect(messages.at(-1)).toMatchObject({
    task_id: task,
    state: 'completed',
    progress: { received_bytes: 6_000_000, percent: 100, files_done: 1 },
  })
  const there = await call(served, world, 'POST', '/api/models/download', MODEL)
  expect(there.status).toBe(200)
  expect(there.body).toMatchObject({ task_id: task, status: 'DOWNLOADED' })
  expect((await models.status(MODEL)).model.hf_commit).toBe(commit)
})

test.each(['cancel', 'delete'] as const)('a model on its way is gone after a %s', async (way) => {
  await using world = await openWorld()
  await world.hub.addRepo({ id: 'org/name', files: [WEIGHTS] })
  world.hub.setCdnRate(1_000_000)
  const served = await world.serve()
  const { models } = served.client
  const { task_id: task } = await models.download(MODEL)
  const following = follow(served, world, task ?? '')
  await until(async () => ((await models.status(MODEL)).staged_bytes > 0 ? true : undefined), {
    what: 'bytes have come',
  })
  const answer =
    way === 'cancel'
      ? await call(served, world, 'POST', `/api/models/cancel/${task}`)
      : await call(served, world, 'DELETE', '/api/models', MODEL)
  expect(answer.status).toBe(200)
  expect(answer.body).toMatchObject({ status: 'cancelled', receipt: { files: 1 } })
  expect((await following).at(-1)?.state).toBe('cancelled')
  expect(await leftovers(world.cache)).toEqual([])
  expect(await readdir(world.cache)).not.toContain('models--org--name')
  expect((await models.status(MODEL)).status).toBe('NOT_FOUND')
  expect((await models.active()).downloads).toEqual([])
  const gone = await call(served, world, 'DELETE', '/api/models', MODEL)
  expect([gone.status, gone.body]).toMatchObject([404, { code: 'MODEL_NOT_FOUND' }])
})

test('a full queue refuses with the time to come back', async () => {
  await using world = await openWorld()
  await world.hub.addRepo({ id: 'org/name', files: [WEIGHTS] })
  world.hub.setCdnRate(500_000)
  const served = await world.serve({
    env: { WINDLASS_MAX_ACTIVE: '1', WINDLASS_MAX_QUEUED: '0' },
  })
  await served.client.models.download(MODEL)
  const refused = await call(served, world, 'POST', '/api/models/download', { hf_repo: 'org/two' })
  expect([refused.status, refused.body]).toMatchObject([429, { code: 'QUEUE_FULL' }])
  expect(Number(refused.retryAfter)).toBeGreaterThan(0)
})

test('a check that nobody waits for any more is stopped', async () => {
  await using world = await openWorld()
  await world.hub.addRepo({ id: 'org/name', files: [WEIGHTS] })
  expect((await world.run(['pull', 'org/name'])).exitCode).toBe(0)
  const { client } = await world.serve()
  const stop = new AbortController()
  const reason = new Error('enough')
  const checking = client.models.verify(MODEL, { signal: stop.signal })
  stop.abort(reason)
  await expect(checking).rejects.toBe(reason)
  expect((await client.models.verify(MODEL)).status).toBe('VERIFIED')
  const missing = client.models.verify({ hf_repo: 'org/none' })
  await expect(missing).rejects.toSatisfy((error) => isApiError(error, 'MODEL_NOT_FOUND'))
})

async function call(
  served: Served,
  world: World,
  method: 'POST' | 'DELETE',
  path: string,
  body?: object,
) {
  const answer = await fetch(served.url + path, {
    method,
    headers: {
      ...(await authorization(world)),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const { headers, status } = answer
  const parsed: unknown = await answer.json()
  return {
    status,
    type: headers.get('content-type'),
    retryAfter: headers.get('retry-after'),
    body: parsed,
  }
}

/** Reads the stream of a task to its end. */
async function follow(served: Served, world: World, task: string) {
  const url = `${served.url}/api/models/download/${task}/progress`
  const answer = await fetch(url, { headers: await authorization(world) })
  expect(answer.headers.get('content-type')).toContain('text/event-stream')
  const lines = (await answer.text()).split('\n').filter((line) => line.startsWith('data: '))
  return lines.map((line) => ModelTaskProgress.parse(JSON.parse(line.slice('data: '.length))))
}

async function authorization(world: World) {
  const token = (await readFile(`${world.home()}/token`, 'utf8')).trim()
  return { authorization: `Bearer ${token}` }
}
