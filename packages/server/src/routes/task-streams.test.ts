import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Listener, listenOnPort } from '../listen.ts'
import { askServer } from '../testing/ask-server.ts'
import { sampleDownload } from '../testing/memory-engine.ts'
import { openTestApp, type TestApp, TOKEN } from '../testing/test-app.ts'

const PROGRESS = '/api/models/download/t1/progress'
const HEARTBEAT_MS = 15_000
const MOST_OF_ONE = 256

let test: TestApp
let listener: Listener
let origin: string
beforeEach(async () => {
  test = await openTestApp()
  listener = await listenOnPort(test.served, { host: '127.0.0.1', port: 0 })
  origin = `http://127.0.0.1:${listener.port}`
  test.engine.models.requireTask = async () => undefined
  test.engine.rows.set('t1', sampleDownload('t1', { state: 'downloading', startedAt: 0 }))
})
afterEach(async () => {
  await test.app.close()
  await listener.close()
})

async function bySession(): Promise<{ readonly cookie: string; readonly origin: string }> {
  const { secret } = await test.access.sessions.open()
  return { cookie: `windlass-${listener.port}=${secret}`, origin }
}

describe('a stream of one task', () => {
  it('ends with the session that opened it, and keeps its connection open until then', async () => {
    const headers = await bySession()
    const stream = await fetch(`${origin}${PROGRESS}`, { headers })
    test.clock.fire(HEARTBEAT_MS)
    expect((await fetch(`${origin}/api/session`, { method: 'DELETE', headers })).status).toBe(204)
    const told = await stream.text()
    expect(told).toContain('event: progress\n')
    expect(told).toContain(': heartbeat\n')
  })

  it('takes one of the places that a client has for all its streams', async () => {
    const headers = { authorization: `Bearer ${TOKEN}` }
    const leave = new AbortController()
    const { signal } = leave
    const open = (): Promise<Response> => fetch(`${origin}${PROGRESS}`, { headers, signal })
    const all = await Promise.all(Array.from({ length: MOST_OF_ONE }, open))
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200]))
    const asked = { host: `localhost:${listener.port}`, ...headers }
    for (const path of [PROGRESS, '/api/events']) {
      const refused = await askServer(Number(listener.port), { path, headers: asked })
      expect([refused.status, refused.code]).toEqual([503, 'TOO_MANY_STREAMS'])
    }
    leave.abort()
  })

  it.each([1, 2, 3, 4])(
    'tells an end that comes %i turns after the reading of what was',
    async (turns) => {
      const { downloads, events, rows } = test.engine
      const find = downloads.find
      let hasEnded = false
      test.engine.downloads.find = async (id) => {
        const read = await find(id)
        if (!hasEnded) afterTurns(turns, () => finish(id))
        hasEnded = true
        return read
      }
      const finish = (id: string): void => {
        const download = sampleDownload(id, { state: 'completed', finishedAt: 1 })
        rows.set(id, download)
        events.append('download.state-changed', {
          id,
          from: 'downloading',
          to: 'completed',
          download,
        })
      }
      const stream = await fetch(`${origin}${PROGRESS}`, {
        headers: { authorization: `Bearer ${TOKEN}` },
      })
      const states = [...(await stream.text()).matchAll(/"state":"(\w+)"/g)].map(
        ([, state]) => state,
      )
      expect(states).toEqual(['downloading', 'completed'])
    },
  )
})

function afterTurns(turns: number, act: () => void): void {
  if (turns === 0) act()
  else queueMicrotask(() => afterTurns(turns - 1, act))
}

it('a check of a model stops with the session that asked for its stream', async () => {
  const stopped = Promise.withResolvers<void>()
  test.engine.models.verify = (_request, { signal }) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        stopped.resolve()
        reject(signal.reason)
      })
    })
  const headers = await bySession()
  const stream = await fetch(`${origin}/api/models/verify`, {
    method: 'POST',
    headers: { ...headers, accept: 'text/event-stream', 'content-type': 'application/json' },
    body: JSON.stringify({ hf_repo: 'org/name' }),
  })
  await fetch(`${origin}/api/session`, { method: 'DELETE', headers })
  await stopped.promise
  expect(await stream.text()).toBe('')
})
