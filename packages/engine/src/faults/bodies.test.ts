import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type FaultRule, sha256File, sha256OfRandomBytes } from '@windlass/testkit'
import { assert, describe, expect, it, vi } from 'vitest'
import { LINKED_SOURCES, RANGED_SOURCES } from './ranged-sources.fixture.ts'
import { type Fault, runFault } from './run-fault.test-suite.ts'

// Many at once on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

/*
 * Group B of the catalogue of faults: bodies that are short, long, damaged, slow or of
 * something else, against each ranged source.
 */

const SIZE = 3_000_000
const CUT = 1_000_000
const WHOLE = `bytes=0-${SIZE - 1}`
const REST = `bytes=${CUT}-${SIZE - 1}`
const TWICE = 2 * SIZE
const THRICE = 3 * SIZE
const cut: FaultRule = { match: { nth: 1 }, do: { cutAt: CUT } }
const next = (fault: FaultRule['do']): FaultRule => ({ match: { nth: 1 }, do: fault })
const page = {
  status: 200,
  body: '<!doctype html><title>Sign in</title>',
  headers: { 'Content-Type': 'text/html; charset=utf-8' },
}
const POINTER = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 3000000\n`

interface Row extends Fault {
  readonly id: string
  readonly what: string
}

const EVERYWHERE: readonly Row[] = [
  {
    id: 'B1',
    what: 'a body that breaks off is continued at its byte',
    rules: [cut],
    expect: { disk: 'file', notices: ['NET_SHORT_BODY'], ranges: [WHOLE, REST] },
  },
  {
    id: 'B1',
    what: 'a connection that is reset in the middle is continued',
    rules: [{ match: { nth: 1 }, do: { rstAt: CUT } }],
    // A reset takes with it what the other side has not read yet.
    expect: { disk: 'file', requestsAtMost: 2, sentAtMost: TWICE },
  },
  {
    id: 'B2',
    what: 'a host that never sends more than 64 KiB at a time is outlived, for each piece is progress',
    host: { sizeBytes: 1024 * 1024 },
    rules: [{ do: { cutAt: 64 * 1024 } }],
    expect: { disk: 'file', requestsAtMost: 16 + 5, sentAtMost: 1024 * 1024 },
  },
  {
    id: 'B3',
    what: 'a host that sends nothing more is given up after five attempts, and what is there is kept',
    rules: [cut, { do: { cutAt: 0 } }],
    expect: {
      state: 'failed',
      code: 'NET_SHORT_BODY',
      disk: { partAtLeast: CUT },
      requestsAtMost: 6,
    },
    async after({ host, engine, id, download, reaches }) {
      expect(download.reason?.message).toContain('gave up after 5 attempts')
      host.clearFaults()
      host.clearLog()
      await engine.downloads.retry(id)
      await reaches({ disk: 'file', ranges: [REST] })
    },
  },
  {
    id: 'B4',
    what: 'a body that goes on beyond its range is left where the range ends',
    rules: [{ match: { nth: 1 }, do: { headers: rangeOf(CUT), truncateClean: SIZE } }],
    expect: { disk: 'file', ranges: [WHOLE, REST], sentAtMost: TWICE },
  },
  {
    id: 'B5',
    what: 'a whole of another size is not begun',
    rules: [{ do: { status: 200, body: Buffer.alloc(SIZE + 1) } }],
    expect: {
      state: 'failed',
      code: 'SIZE_MISMATCH',
      disk: 'nothing',
      requestsAtMost: 1,
      sentAtMost: TWICE,
    },
  },
  {
    id: 'B6',
    what: 'a chunked body without its end is not complete',
    rules: [{ match: { nth: 1 }, do: { ignoreRange: true, truncateClean: SIZE, rstAt: CUT } }],
    expect: { disk: 'file', requestsAtMost: 2, sentAtMost: TWICE },
  },
  {
    id: 'B7',
    what: 'one flipped bit costs the file once more, past every cache',
    rules: [{ match: { nth: 1 }, do: { flipBitAt: 777 } }],
    expect: {
      disk: 'file',
      notices: ['HASH_MISMATCH'],
      ranges: [WHOLE, WHOLE],
      sentAtMost: TWICE,
    },
    after: ({ host }) =>
      expect(host.requests().map(({ headers }) => headers['cache-control'])).toEqual([
        undefined,
        'no-cache',
      ]),
  },
  {
    id: 'B7',
    what: 'the same flipped bit twice is what the host has, and it is never published',
    rules: [{ do: { flipBitAt: 777 } }],
    expect: {
      state: 'failed',
      code: 'HASH_MISMATCH',
      disk: 'nothing',
      ranges: [WHOLE, WHOLE],
      sentAtMost: TWICE,
    },
  },
  {
    id: 'B7',
    what: 'other content of the same size is never published',
    rules: [{ do: { serveOther: 'something else' } }],
    expect: {
      state: 'failed',
      code: 'HASH_MISMATCH',
      disk: 'nothing',
      ranges: [WHOLE, WHOLE],
      sentAtMost: TWICE,
    },
  },
  {
    id: 'B9',
    what: 'a sign-in page in the place of the file needs a person, and not a byte of it is kept',
    rules: [{ do: page }],
    expect: { state: 'blocked', code: 'CONTENT_UNEXPECTED', disk: 'nothing', requestsAtMost: 1 },
  },
  {
    id: 'B9',
    what: 'an answer of an API in the place of the file needs a person, too',
    rules: [{ do: { ...page, headers: { 'Content-Type': 'application/json' } } }],
    expect: { state: 'blocked', code: 'CONTENT_UNEXPECTED', disk: 'nothing', requestsAtMost: 1 },
  },
  {
    id: 'B10',
    what: 'a sign-in page in the middle leaves what is there alone',
    rules: [cut, { do: page }],
    expect: {
      state: 'blocked',
      code: 'CONTENT_UNEXPECTED',
      disk: { partAtLeast: CUT },
      ranges: [WHOLE, REST],
    },
    async after({ host, engine, id, reaches }) {
      host.clearFaults()
      host.clearLog()
      await engine.downloads.resume(id)
      await reaches({ disk: 'file', ranges: [REST] })
    },
  },
  {
    id: 'B12',
    what: 'the pointer of a file is not the file',
    rules: [{ do: { status: 200, body: POINTER } }],
    expect: { state: 'blocked', code: 'CONTENT_UNEXPECTED', disk: 'nothing', requestsAtMost: 1 },
    after: ({ download }) => {
      expect(download.reason?.message).toContain('pointer of Git LFS')
      expect(download.reason?.hint).toContain('never uploaded')
    },
  },
  {
    id: 'B13',
    what: 'an empty file is complete without a byte',
    host: { sizeBytes: 0 },
    expect: { disk: 'file', requestsAtMost: 0 },
  },
  {
    id: 'B14',
    what: 'nothing in the place of the file is not the file',
    rules: [{ do: { status: 200, body: '' } }],
    expect: { state: 'failed', code: 'SIZE_MISMATCH', disk: 'nothing', requestsAtMost: 1 },
  },
  {
    id: 'B15',
    what: 'a body that stalls is broken off in time and continued',
    rules: [{ match: { nth: 1 }, do: { stallAt: CUT } }],
    http: { timeouts: { bodyMs: 400 } },
    expect: { disk: 'file', notices: ['NET_STALL'], ranges: [WHOLE, REST] },
  },
  {
    id: 'B15',
    what: 'a host that stalls for ever is given up, and what is there is kept',
    rules: [cut, { do: { stallAt: 0 } }],
    http: { timeouts: { bodyMs: 200 } },
    expect: {
      state: 'failed',
      code: 'NET_STALL',
      disk: { partAtLeast: CUT },
      requestsAtMost: 6,
    },
  },
  {
    id: 'B16',
    what: 'a line that is slow but alive is no stall',
    host: { sizeBytes: 20_000 },
    rules: [{ do: { bytesPerSecond: 1_000 } }],
    http: { timeouts: { bodyMs: 1_000 } },
    expect: { disk: 'file', notices: [], requestsAtMost: 1 },
  },
  {
    id: 'B17',
    what: 'headers that never come are waited for no longer than they may take',
    rules: [{ match: { nth: 1 }, do: { delayHeadersMs: 5_000 } }],
    http: { timeouts: { headersMs: 400 } },
    // The answer that nobody waits for any more may be sent into a closed connection.
    expect: { disk: 'file', notices: ['NET_TIMEOUT'], ranges: [WHOLE, WHOLE], sentAtMost: TWICE },
  },
  {
    id: 'B18',
    what: 'a body without an end is left where the file ends',
    rules: [{ match: { nth: 1 }, do: { headers: rangeOf(CUT), truncateClean: SIZE } }],
    expect: { disk: 'file', ranges: [WHOLE, REST], sentAtMost: TWICE },
  },
  {
    id: 'B20',
    what: 'bytes that the host repeats at the joint are found by the digest',
    rules: [cut, next({ wrongContentRange: { shiftBytes: 1, lieBytes: -1 } })],
    expect: {
      disk: 'file',
      ranges: [WHOLE, REST, `bytes=${SIZE - 1}-${SIZE - 1}`, WHOLE],
      sentAtMost: THRICE,
    },
  },
]

function rangeOf(end: number): Record<string, string> {
  return { 'Content-Range': `bytes 0-${end - 1}/${SIZE}` }
}

describe.concurrent.each(RANGED_SOURCES)('$name', (source) => {
  it.for(EVERYWHERE)('$id: $what', async (row) => {
    await runFault(source, row)
  })
})

describe.concurrent.each(LINKED_SOURCES)('$name', (source) => {
  it('B11: a captive portal that redirects to its page needs a person', async () => {
    await runFault(source, {
      before: ({ host }) => {
        host.faultWay({ do: page })
      },
      expect: { state: 'blocked', code: 'CONTENT_UNEXPECTED', disk: 'nothing', requestsAtMost: 0 },
    })
  })
})

const plain = RANGED_SOURCES.find(({ name }) => name === 'plain')

it('plain B8: a flipped bit that nothing can tell of is published, marked as not verified, with its digest for later', async () => {
  assert(plain)
  await runFault(plain, {
    host: { digest: false },
    rules: [{ do: { flipBitAt: 777 } }],
    expect: { disk: { fileWithFlippedBit: 777 }, requestsAtMost: 1 },
    async after({ host, download }) {
      const path = join(download.result?.path ?? '', host.path)
      expect(download.result).toMatchObject({
        verified: false,
        sizeBytes: SIZE,
        computedSha256: { [host.path]: await sha256File(path) },
      })
      expect(download.result?.computedSha256).not.toEqual({
        [host.path]: await sha256OfRandomBytes(host),
      })
    },
  })
})

it('plain B18: a body of unknown size that never ends is left at the limit, and nothing of it is kept', async () => {
  assert(plain)
  await runFault(plain, {
    host: { digest: false, sizeBytes: 500_000_000, settings: { length: 'chunked' } },
    rules: [{ do: { ignoreRange: true } }],
    rangedHttp: { unknownSizeLimit: 5_000_000 },
    expect: {
      state: 'failed',
      code: 'SIZE_LIMIT',
      disk: 'nothing',
      requestsAtMost: 1,
      // What the kernel's buffers took before anybody left.
      sentAtMost: 50_000_000,
    },
    after: ({ download }) => expect(download.reason?.message).toContain('beyond 5.0 MB'),
  })
})

it('plain B18: a body of unknown size that ends at the limit is complete, with its real size', async () => {
  assert(plain)
  await runFault(plain, {
    host: { digest: false, settings: { length: 'chunked' } },
    rangedHttp: { unknownSizeLimit: SIZE },
    expect: { disk: 'file', requestsAtMost: 1 },
    after: ({ download }) => expect(download.result?.sizeBytes).toBe(SIZE),
  })
})

it.concurrent.for([
  { what: 'too long', more: {} },
  { what: 'packed a thousandfold', more: { gzip: true } },
])('huggingface B19: metadata that is $what is not read to its end', async ({ more }) => {
  const hub = RANGED_SOURCES.find(({ name }) => name === 'huggingface')
  if (hub === undefined) throw new TypeError('there is no Hub')
  const body = Buffer.alloc(200_000_000, ' ')
  await runFault(hub, {
    async before({ host }) {
      await mkdir(host.root)
      const match = { role: 'hub', path: '/tree/', method: 'GET' }
      host.faultWay({ match, do: { status: 200, body, ...more } })
    },
    expect: { state: 'failed', code: 'METADATA_TOO_LARGE', disk: 'nothing', requestsAtMost: 0 },
    after({ host }) {
      const [tree] = host.log.filter(({ path }) => path.includes('/tree/'))
      expect(tree?.bytesSent).toBeLessThan(body.length / 2)
    },
  })
})
