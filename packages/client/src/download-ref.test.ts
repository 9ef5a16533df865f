import type { Download, DownloadProgress } from '@windlass/contract'
import { assert, describe, expect, it, onTestFinished } from 'vitest'
import { isApiError } from './api-error.ts'
import type { Client } from './client.ts'
import { createClient } from './create-client.ts'
import { type LiveServer, liveServer } from './testing/live-server.ts'
import { sampleDownload } from './testing/sample-download.ts'

async function setUp(
  first: Partial<Download> = {},
): Promise<{ server: LiveServer; client: Client }> {
  const server = await liveServer(sampleDownload(first))
  onTestFinished(() => server.close())
  const client = createClient({ baseUrl: server.baseUrl, token: 't', sleep: async () => {} })
  return { server, client }
}

const DONE = { state: 'completed', result: { path: '/p', sizeBytes: 8, verified: true } } as const

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => assert.fail('it succeeded'),
    (error: unknown) => error,
  )
}

describe('download()', () => {
  it('starts, tells the progress and gives the result', async () => {
    const { server, client } = await setUp()
    const told: DownloadProgress[] = []
    const result = client.download('org/name', { onProgress: (progress) => told.push(progress) })
    await server.streams(1)
    const progress = { ...sampleDownload().progress, receivedBytes: 4 }
    server.pass('download.progressed', { id: 'a', progress, files: [] })
    server.move(DONE)
    expect(await result).toMatchObject({ id: 'a', path: '/p', sizeBytes: 8, verified: true })
    expect(server.asked[0]).toBe('POST /api/downloads')
    expect(told.length).toBeGreaterThan(0)
  })

  it('fails with the code, the words and the hint of the reason', async () => {
    const reason = {
      code: 'HTTP_GATED',
      cause: 'person',
      message: 'Gated',
      hint: 'Ask for access.',
    } as const
    const { client } = await setUp({ state: 'blocked', reason })
    const error = await failure(client.download({ ref: 'org/name' }))
    assert(isApiError(error, 'HTTP_GATED'))
    expect(error).toMatchObject({
      message: 'org/name: Gated',
      hint: 'Ask for access.',
      status: 403,
      problem: { facts: { id: 'a', state: 'blocked' } },
    })
  })

  it('says so when somebody else pauses it', async () => {
    const { server, client } = await setUp()
    const result = failure(client.download('org/name'))
    await server.streams(1)
    server.move({ state: 'paused' })
    const error = await result
    assert(isApiError(error, 'DOWNLOAD_STOPPED'))
    expect(error.message).toContain('paused')
  })

  it.each([
    { onAbort: undefined, line: 'POST /api/downloads/a/pause' },
    { onAbort: 'cancel', line: 'POST /api/downloads/a/cancel' },
    { onAbort: 'leave', line: null },
  ] as const)('throws the reason of its signal, and asks for $line', async ({ onAbort, line }) => {
    const { server, client } = await setUp()
    const stop = new AbortController()
    const reason = new Error('enough')
    const more = onAbort === undefined ? {} : { onAbort }
    const result = failure(client.download('org/name', { signal: stop.signal, ...more }))
    await server.streams(1)
    stop.abort(reason)
    expect(await result).toBe(reason)
    const steering = server.asked.filter((asked) => /(pause|cancel)$/.test(asked))
    expect(steering).toEqual(line === null ? [] : [line])
  })

  it('stops what was accepted while its signal aborted', async () => {
    const { server, client } = await setUp()
    const stop = new AbortController()
    const reason = new Error('enough')
    server.on('POST /api/downloads', () => stop.abort(reason))
    const result = client.download('org/name', { signal: stop.signal, onAbort: 'cancel' })
    expect(await failure(result)).toBe(reason)
    expect(server.asked).toEqual(['POST /api/downloads', 'POST /api/downloads/a/cancel'])
  })

  it('ends when the callback throws, with what it threw', async () => {
    const { client } = await setUp()
    const odd = new RangeError('odd')
    const result = client.download('org/name', {
      onProgress() {
        throw odd
      },
    })
    expect(await failure(result)).toBe(odd)
  })
})
