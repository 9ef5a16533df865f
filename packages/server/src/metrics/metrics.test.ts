import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Listener, listenOnPort } from '../listen.ts'
import { askServer } from '../testing/ask-server.ts'
import { sampleDownload } from '../testing/memory-engine.ts'
import { readStream } from '../testing/read-stream.ts'
import { openTestApp, type TestApp, TOKEN } from '../testing/test-app.ts'
import { METRICS } from './metrics-table.ts'

let test: TestApp
let listener: Listener
let port: number
beforeEach(async () => {
  test = await openTestApp()
  listener = await listenOnPort(test.served, { host: '127.0.0.1', port: 0 })
  port = Number(listener.port)
})
afterEach(async () => {
  await test.app.close()
  await listener.close()
})

const authorization = `Bearer ${TOKEN}`
const read = async (): Promise<string> =>
  (
    await askServer(port, {
      path: '/metrics',
      headers: { host: `localhost:${port}`, authorization },
    })
  ).text

describe('the metrics', () => {
  it('are those of the table, each with its help and its kind', async () => {
    const text = await read()
    const shown = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, kind]) => [name, kind])
    expect(new Map(shown as [string, string][])).toEqual(
      new Map(Object.entries(METRICS).map(([name, { kind }]) => [name, kind])),
    )
    expect(text).toContain('windlass_info{version="1.2.3"} 1\n')
  })

  it('tell of downloads, bytes and disks as they are at the moment', async () => {
    test.engine.rows.set('a', sampleDownload('a'))
    expect(await read()).toContain('windlass_downloads{state="queued"} 1\n')
    test.engine.rows.set('a', sampleDownload('a', { state: 'paused' }))
    const text = await read()
    expect(text).toContain('windlass_downloads{state="paused"} 1\n')
    expect(text).not.toContain('windlass_downloads{state="queued"}')
    // Read twice, counted once.
    const received = 'windlass_received_bytes_total{source="huggingface",host="cdn.example"} 7\n'
    expect(text).toContain(received)
    expect(text).toContain('windlass_disk_free_bytes{use="cache"} 100\n')
    expect(text).toContain('windlass_disk_reserved_bytes{use="cache"} 10\n')
  })

  it('count what went wrong by its cause, and how downloads ended', async () => {
    const { events } = test.engine
    const notice = (code: 'NET_RESET' | 'NET_STALL' | 'HASH_MISMATCH' | 'REPO_RENAMED') =>
      events.append('download.noticed', { id: 'a', code, message: 'x' })
    for (const code of ['NET_RESET', 'NET_RESET', 'NET_STALL', 'REPO_RENAMED'] as const)
      notice(code)
    const download = sampleDownload('a')
    const { files: _files, ...summary } = download
    const change = { id: 'a', from: 'verifying', download: summary } as const
    const reason = { code: 'HASH_MISMATCH', cause: 'host', message: 'x' } as const
    events.append('download.state-changed', { ...change, to: 'failed', reason })
    events.append('download.state-changed', { ...change, to: 'completed' })
    const text = await read()
    expect(text).toContain('windlass_retries_total{code="NET_RESET"} 2\n')
    expect(text).toContain('windlass_retries_total{code="NET_STALL"} 1\n')
    expect(text).toContain('windlass_stalls_total 1\n')
    expect(text).toContain('windlass_verify_failures_total{code="HASH_MISMATCH"} 1\n')
    expect(text).toContain('windlass_settled_total{state="failed"} 1\n')
    expect(text).toContain('windlass_settled_total{state="completed"} 1\n')
    expect(text).not.toContain('REPO_RENAMED')
  })

  it('count readers and requests, streams left out, and know no address', async () => {
    const stream = await readStream(`http://127.0.0.1:${port}/api/events`, { authorization })
    await stream.until((text) => text.includes('\n\n'))
    const headers = { host: `localhost:${port}`, authorization }
    await askServer(port, { path: '/api/downloads?q=canary', headers })
    await askServer(port, { path: '/canary', headers })
    expect(await read()).toContain('windlass_event_readers 1\n')
    stream.leave()
    while ((await read()).includes('windlass_event_readers 1\n')) await new Promise(setImmediate)
    const text = await read()
    const labels = 'method="GET",route="/api/downloads",status="200"'
    expect(text).toContain(`windlass_http_requests_seconds_count{${labels}} 1\n`)
    expect(text).toContain('route="none",status="404"} 1\n')
    expect(text).not.toContain('/api/events')
    expect(text).not.toContain('canary')
  })

  it('tell how late the event loop was since the last look', async () => {
    const most = (text: string): number =>
      Number(/event_loop_delay_seconds\{quantile="1"\} (\S+)/.exec(text)?.[1])
    const headers = { host: `localhost:${port}`, authorization }
    const elsewhere = () => askServer(port, { path: '/api/health', headers })
    // What comes before the first tick after a look is not seen, so it may take a second try.
    for (;;) {
      await read()
      for (let n = 0; n < 10; n++) await elsewhere()
      const until = performance.now() + 120
      while (performance.now() < until);
      for (let n = 0; n < 10; n++) await elsewhere()
      const late = most(await read())
      if (late < 0.1) continue
      expect(most(await read())).toBeLessThan(late)
      break
    }
  })

  it('want the token, except on the Unix socket', async () => {
    const headers = { host: `localhost:${port}` }
    expect((await askServer(port, { path: '/metrics', headers })).code).toBe('AUTH_REQUIRED')
    const socket = { url: '/metrics', headers: { host: 'localhost' } }
    expect((await test.app.inject(socket)).statusCode).toBe(200)
    const foreign = { url: '/metrics', headers: { host: 'evil.example' } }
    expect((await test.app.inject(foreign)).statusCode).toBe(421)
    const other = { url: '/api/health', headers: { host: 'localhost' } }
    expect((await test.app.inject(other)).statusCode).toBe(401)
  })
})
