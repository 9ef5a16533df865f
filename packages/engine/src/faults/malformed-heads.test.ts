import type { FaultAction } from '@windlass/testkit'
import { describe, expect, it } from 'vitest'
import { RANGED_SOURCES } from './ranged-sources.fixture.ts'
import { runFault } from './run-fault.test-suite.ts'

const MB = 1_000_000
const N = MB
const CUT = { match: { nth: 1 }, do: { cutAt: N } }

interface Row {
  readonly fault: string
  readonly answer: FaultAction
}

const PART = `HTTP/1.1 206 Partial Content\r\nContent-Range: bytes ${N}-2999999/3000000\r\n`

/** Heads of an answer that no client may take for one. */
const ROWS: readonly Row[] = [
  { fault: 'a status line of nonsense', answer: { raw: 'HTTP/9 nonsense\r\n\r\nmodel' } },
  { fault: 'another protocol', answer: { raw: 'SSH-2.0-OpenSSH_9.2\r\n' } },
  { fault: 'a body without a head', answer: { raw: 'just bytes '.repeat(100) } },
  {
    fault: 'a header smuggled into another',
    answer: { raw: `${PART}X-A: b\r\n\tc\u0000d\r\nContent-Length: 5\r\n\r\nmodel` },
  },
  { fault: 'a header of 300 KiB', answer: { headers: { 'X-Huge': 'x'.repeat(300 * 1024) } } },
]

/** Bodies that do not keep to what their head says. */
const BODIES: readonly Row[] = [
  {
    fault: 'two lengths that differ',
    answer: { raw: `${PART}Content-Length: 5\r\nContent-Length: 6\r\n\r\n` },
  },
  {
    fault: 'a length and chunks at once',
    answer: { raw: `${PART}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n` },
  },
  {
    fault: 'a chunk size of nonsense',
    answer: { raw: `${PART}Transfer-Encoding: chunked\r\n\r\nzz\r\nmodel` },
  },
]

describe.each(RANGED_SOURCES)('an answer of $name', (source) => {
  it.each(ROWS)(
    'H18: with $fault makes no sense, and nothing of it is written',
    async ({ answer }) => {
      const before = process.memoryUsage().rss
      await runFault(source, {
        rules: [CUT, { match: { rangeFromAtLeast: 1 }, do: answer }],
        expect: {
          state: 'failed',
          code: 'HTTP_PROTOCOL',
          disk: { partAtLeast: N },
          sentAtMost: 6 * MB,
        },
        async after({ host, engine, id, download, reaches }) {
          expect(download.progress.receivedBytes).toBe(N)
          expect(process.memoryUsage().rss - before).toBeLessThan(200 * MB)
          host.clearFaults()
          await engine.downloads.retry(id)
          await reaches({ disk: 'file', sentAtMost: 8 * MB })
        },
      })
    },
  )

  it.each(BODIES)('B6: with $fault is cut off there, and goes on', async ({ answer }) => {
    await runFault(source, {
      rules: [CUT, { match: { rangeFromAtLeast: 1, times: 1 }, do: answer }],
      expect: { disk: 'file' },
      after({ host, notices }) {
        expect(new Set(notices)).toEqual(new Set(['NET_SHORT_BODY']))
        expect(host.requests()).toHaveLength(3)
      },
    })
  })
})
