import type { Download } from '@windlass/contract'
import { assert, describe, expect, it, onTestFinished } from 'vitest'
import type { Client, DownloadUpdate } from './client.ts'
import { createClient } from './create-client.ts'
import { type LiveServer, liveServer } from './testing/live-server.ts'
import { sampleDownload } from './testing/sample-download.ts'

const FILE = {
  path: 'x',
  sizeBytes: 10,
  receivedBytes: 0,
  state: 'pending',
  present: false,
} as const

async function setUp(
  first: Partial<Download> = {},
): Promise<{ server: LiveServer; client: Client }> {
  const server = await liveServer(sampleDownload({ files: [FILE], ...first }))
  onTestFinished(() => server.close())
  const client = createClient({ baseUrl: server.baseUrl, token: 't', sleep: async () => {} })
  return { server, client }
}

/** Updates one by one, with what was yielded taken for granted. */
function reader(updates: AsyncIterable<DownloadUpdate>) {
  const iterator = updates[Symbol.asyncIterator]()
  return {
    next: async (): Promise<DownloadUpdate> => {
      const step = await iterator.next()
      assert(step.done !== true, 'another update')
      return step.value
    },
    ended: async () => (await iterator.next()).done,
    leave: () => iterator.return?.(),
  }
}

const moved = (receivedBytes: number) => ({
  id: 'a',
  progress: { ...sampleDownload().progress, receivedBytes },
  files: [{ path: 'x', receivedBytes, state: 'downloading' as const }],
})

describe('following a download', () => {
  it('yields it now, at each change, and for the last time when it is over', async () => {
    const { server, client } = await setUp()
    const updates = reader(client.follow('a'))
    expect(await updates.next()).toMatchObject({ event: null, download: { state: 'queued' } })
    server.move({ state: 'downloading' })
    expect((await updates.next()).download.state).toBe('downloading')
    server.pass('download.progressed', moved(4))
    expect(await updates.next()).toMatchObject({
      event: { type: 'download.progressed' },
      download: {
        progress: { receivedBytes: 4 },
        files: [{ path: 'x', sizeBytes: 10, receivedBytes: 4 }],
      },
    })
    server.move({ state: 'completed' })
    expect((await updates.next()).download.state).toBe('completed')
    expect(await updates.ended()).toBe(true)
  })

  it.each(['failed', 'cancelled', 'paused', 'blocked'] as const)(
    'ends at once where it is %s already',
    async (state) => {
      const { client } = await setUp({ state })
      const updates = reader(client.follow('a'))
      expect((await updates.next()).download.state).toBe(state)
      expect(await updates.ended()).toBe(true)
    },
  )

  it('connects again behind the last event, and reads what it missed', async () => {
    const { server, client } = await setUp()
    const updates = reader(client.follow('a'))
    await updates.next()
    server.move({ state: 'downloading' })
    await updates.next()
    // Nothing says so any more: it is seen by looking after the connect.
    server.put({ state: 'completed' })
    server.cut()
    expect(await updates.next()).toMatchObject({ event: null, download: { state: 'completed' } })
    expect(server.asked).toContain('GET /api/downloads/a/events after 1')
    expect(await updates.ended()).toBe(true)
  })

  it('looks again where the server asks for patience', async () => {
    const { server, client } = await setUp()
    server.refuse(3)
    const updates = reader(client.follow('a'))
    expect((await updates.next()).download.state).toBe('queued')
    expect(server.asked.filter((line) => line === 'GET /api/downloads/a')).toHaveLength(4)
    await updates.leave()
  })

  it('trusts the download and not an event that is a replay', async () => {
    const { server, client } = await setUp({ state: 'downloading' })
    const updates = reader(client.follow('a'))
    await updates.next()
    const { files, ...download } = sampleDownload({ state: 'failed' })
    expect(files).toEqual([])
    server.log('download.state-changed', { id: 'a', from: 'downloading', to: 'failed', download })
    expect((await updates.next()).download.state).toBe('downloading')
    server.move({ state: 'completed' })
    expect((await updates.next()).download.state).toBe('completed')
  })

  it('reads it anew when the log no longer reaches back', async () => {
    const { server, client } = await setUp()
    const updates = reader(client.follow('a'))
    await updates.next()
    server.put({ state: 'verifying' })
    server.pass('resync', { seq: 9 })
    expect(await updates.next()).toMatchObject({ event: null, download: { state: 'verifying' } })
    await updates.leave()
  })

  it('ends without an error when its signal aborts, and closes its connection', async () => {
    const { server, client } = await setUp()
    const stop = new AbortController()
    const updates = reader(client.follow('a', { signal: stop.signal }))
    await updates.next()
    stop.abort(new Error('enough'))
    expect(await updates.ended()).toBe(true)
    expect(server.asked.filter((line) => line.includes('/events'))).toHaveLength(1)
  })
})
