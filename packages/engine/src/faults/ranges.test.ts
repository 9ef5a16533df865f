import type { FaultRule } from '@windlass/testkit'
import { describe, expect, it, vi } from 'vitest'
import { RANGED_SOURCES, type RangedHost } from './ranged-sources.fixture.ts'
import { type Fault, runFault } from './run-fault.test-suite.ts'

// Many at once on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

/*
 * Group RG of the catalogue of faults: ranges and resume, against each ranged source. Most
 * break the first answer off at CUT, and make what follows wrong.
 */

const SIZE = 3_000_000
const CUT = 1_000_000
const WHOLE = `bytes=0-${SIZE - 1}`
const REST = `bytes=${CUT}-${SIZE - 1}`
const cut: FaultRule = { match: { nth: 1 }, do: { cutAt: CUT } }
/** The next request after the cut, and every one that goes on in the middle. */
const next = (fault: FaultRule['do']): FaultRule => ({ match: { nth: 1 }, do: fault })
const always = (fault: FaultRule['do']): FaultRule => ({
  match: { rangeFromAtLeast: 1 },
  do: fault,
})
/** What is given to a socket that is closed at once counts as sent. */
const THRICE = 3 * SIZE

interface Row extends Fault {
  readonly id: string
  readonly what: string
}

const EVERYWHERE: readonly Row[] = [
  {
    id: 'RG1',
    what: 'a host that ignores ranges is read from the start, and that is told',
    rules: [cut, always({ ignoreRange: true })],
    expect: { disk: 'file', notices: ['NET_SHORT_BODY', 'RANGE_UNSUPPORTED'], sentAtMost: THRICE },
  },
  {
    id: 'RG1',
    what: 'a whole that breaks off before anybody reads it is no reason to wait for ever',
    rules: [cut, { match: { rangeFromAtLeast: 1, times: 2 }, do: { ignoreRange: true, cutAt: 4 } }],
    expect: { disk: 'file', sentAtMost: THRICE },
  },
  {
    id: 'RG2',
    what: 'one wrong start costs one request',
    rules: [cut, next({ wrongContentRange: { shiftBytes: 5 } })],
    expect: {
      disk: 'file',
      notices: ['NET_SHORT_BODY'],
      ranges: [WHOLE, REST, REST],
      sentAtMost: THRICE,
    },
  },
  {
    id: 'RG2',
    what: 'wrong starts for ever lead to one stream from the start',
    rules: [cut, always({ wrongContentRange: { shiftBytes: 5 } })],
    expect: {
      disk: 'file',
      notices: ['NET_SHORT_BODY', 'RANGE_UNSUPPORTED'],
      ranges: [WHOLE, REST, REST, WHOLE],
      sentAtMost: 4 * SIZE,
    },
  },
  {
    id: 'RG2',
    what: 'a start that is declared wrong is believed, and not written',
    rules: [cut, next({ wrongContentRange: { lieBytes: 5 } })],
    expect: { disk: 'file', ranges: [WHOLE, REST, REST], sentAtMost: THRICE },
  },
  {
    id: 'RG3',
    what: 'another total once is another file on one machine of many',
    rules: [cut, next({ wrongContentRange: { total: SIZE + 1 } })],
    expect: { disk: 'file', notices: ['NET_SHORT_BODY', 'SOURCE_CHANGED'], sentAtMost: THRICE },
  },
  {
    id: 'RG3',
    what: 'another total for ever is a file that changed, and what is there is kept',
    rules: [cut, always({ wrongContentRange: { total: SIZE + 1 } })],
    expect: {
      state: 'blocked',
      code: 'SOURCE_CHANGED',
      disk: { partAtLeast: CUT },
      requestsAtMost: 3,
      sentAtMost: THRICE,
    },
    async after({ host, engine, id, reaches }) {
      host.clearFaults()
      host.clearLog()
      await engine.downloads.resume(id)
      await reaches({ disk: 'file', ranges: [REST] })
    },
  },
  {
    id: 'RG4',
    what: 'an unknown total is no reason to mistrust a range',
    rules: [cut, next({ wrongContentRange: { total: '*' } })],
    expect: { disk: 'file', notices: ['NET_SHORT_BODY'], ranges: [WHOLE, REST] },
  },
  {
    id: 'H14',
    what: 'a host that refuses to answer with so much at once is asked for less at once',
    rules: [{ match: { header: { range: WHOLE } }, do: { status: 400 } }],
    rangedHttp: { longestRange: 1_200_000 },
    expect: {
      disk: 'file',
      notices: [],
      ranges: ['bytes=0-1199999', 'bytes=1200000-2399999', 'bytes=2400000-2999999'],
    },
  },
  {
    id: 'RG7',
    what: 'a 206 that does not say what it is about is not written',
    rules: [cut, next({ wrongContentRange: { omit: true } })],
    expect: { disk: 'file', ranges: [WHOLE, REST, REST], sentAtMost: THRICE },
  },
  {
    id: 'RG8',
    what: 'several parts in one answer are not written',
    rules: [cut, next({ headers: { 'Content-Type': 'multipart/byteranges; boundary=x' } })],
    expect: { disk: 'file', ranges: [WHOLE, REST, REST], sentAtMost: THRICE },
  },
  {
    id: 'RG10',
    what: 'one refused range is asked for again',
    rules: [cut, next({ status: 416, body: 'no such range' })],
    expect: {
      disk: 'file',
      notices: ['NET_SHORT_BODY'],
      ranges: [WHOLE, REST, REST],
      sentAtMost: SIZE + 100,
    },
  },
  {
    id: 'RG10',
    what: 'ranges refused for ever lead to one stream from the start',
    rules: [cut, always({ status: 416, body: 'no such range' })],
    expect: {
      disk: 'file',
      notices: ['NET_SHORT_BODY', 'RANGE_UNSUPPORTED'],
      ranges: [WHOLE, REST, REST, WHOLE],
      sentAtMost: SIZE + CUT + 100,
    },
  },
  {
    id: 'RG11',
    what: 'a file that shrank below what is there is another file',
    rules: [
      cut,
      always({ status: 416, headers: { 'Content-Range': `bytes */${CUT - 1}` }, body: '' }),
    ],
    expect: {
      state: 'blocked',
      code: 'SOURCE_CHANGED',
      disk: { partAtLeast: CUT },
      requestsAtMost: 3,
    },
  },
  {
    id: 'RG20',
    what: 'a packed answer is refused, and what is there is kept',
    rules: [cut, next({ gzip: true })],
    expect: {
      state: 'failed',
      code: 'ENCODING_UNEXPECTED',
      disk: { partAtLeast: CUT },
      ranges: [WHOLE, REST],
      sentAtMost: THRICE,
    },
    async after({ engine, id, reaches }) {
      await engine.downloads.retry(id)
      await reaches({ disk: 'file', ranges: [WHOLE, REST, REST], sentAtMost: THRICE })
    },
  },
  {
    id: 'RG22',
    what: 'a chunked whole counts when its size is right',
    rules: [{ do: { ignoreRange: true, truncateClean: SIZE } }],
    expect: { disk: 'file', notices: [], requestsAtMost: 1 },
  },
  {
    id: 'RG22',
    what: 'a chunked whole that ends cleanly and too early is not complete',
    rules: [{ match: { nth: 1 }, do: { ignoreRange: true, truncateClean: CUT } }],
    expect: { disk: 'file', notices: ['NET_SHORT_BODY'], ranges: [WHOLE, REST] },
  },
]

describe.concurrent.each(RANGED_SOURCES)('$name', (source) => {
  it.for(EVERYWHERE)('$id: $what', async (row) => {
    await runFault(source, row)
  })
})

/** HEAD, GET and the cut come before the third request, which meets the right file. */
const BEFORE = { fromRequest: 1, seed: 'before', etag: '"before"' }
const CHANGED = [BEFORE, { fromRequest: 3, seed: 'fault', etag: '"after"' }]
/** Says nothing of the version that its bytes are of. */
const SILENT = { headers: { ETag: null, 'Last-Modified': null } }
const SILENTLY_CHANGED = [BEFORE, { fromRequest: 3, seed: 'fault', etag: null }]
const changes = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    fromRequest: index + 3,
    seed: `version ${index}`,
    etag: `"${index}"`,
  }))
const endOfFile = () => ({ status: 416, headers: { 'Content-Range': `bytes */${SIZE}` }, body: '' })

/** Faults of what only a plain host says: validators, and how it caps ranges. */
const PLAIN: readonly Row[] = [
  {
    id: 'RG5',
    what: 'a host that caps its ranges is asked for the next one, without a word',
    host: { settings: { maxRangeBytes: 700_000 } },
    expect: { disk: 'file', notices: [], requestsAtMost: 5 },
  },
  {
    id: 'RG9',
    what: 'a range refused where the file ends says that it is all there',
    host: { settings: { length: 'chunked', ranges: 'ignored' }, digest: false },
    rules: [{ match: { nth: 1 }, do: { cutAt: SIZE } }, next(endOfFile())],
    expect: {
      disk: 'file',
      notices: ['NET_SHORT_BODY'],
      ranges: ['bytes=0-', `bytes=${SIZE}-`],
      sentAtMost: SIZE + 100,
    },
  },
  {
    id: 'RG12',
    what: 'a changed file whose host honours If-Range is fetched anew, whole',
    host: { digest: false, settings: { versions: CHANGED } },
    rules: [cut],
    expect: { disk: 'file', notices: ['NET_SHORT_BODY', 'SOURCE_CHANGED'], sentAtMost: THRICE },
  },
  {
    id: 'RG13',
    what: 'a changed file whose host ignores If-Range is never spliced',
    host: { digest: false, settings: { versions: CHANGED, ifRange: 'ignored' } },
    rules: [cut],
    expect: { disk: 'file', notices: ['NET_SHORT_BODY', 'SOURCE_CHANGED'], sentAtMost: THRICE },
  },
  {
    id: 'RG12',
    what: 'a file that goes on changing is left to the person, who can ask anew',
    host: { digest: false, settings: { versions: changes(40) } },
    rules: [cut],
    expect: {
      state: 'blocked',
      code: 'SOURCE_CHANGED',
      disk: 'nothing',
      notices: ['NET_SHORT_BODY', 'SOURCE_CHANGED'],
      requestsAtMost: 3,
      sentAtMost: THRICE,
    },
  },
  {
    id: 'RG14',
    what: 'a change that no answer tells of is found by the digest',
    host: { settings: { versions: SILENTLY_CHANGED, ifRange: 'ignored', lastModified: false } },
    rules: [cut],
    expect: {
      disk: 'file',
      notices: ['NET_SHORT_BODY', 'HASH_MISMATCH'],
      ranges: [WHOLE, REST, WHOLE],
      sentAtMost: 2 * SIZE,
    },
  },
  {
    id: 'RG14',
    what: 'a change that HEAD alone would tell of is never spliced',
    host: { digest: false, settings: { versions: CHANGED, ifRange: 'ignored' } },
    rules: [cut, { do: SILENT }],
    expect: {
      disk: 'file',
      notices: ['NET_SHORT_BODY', 'RANGE_UNSUPPORTED'],
      ranges: [WHOLE, REST, REST, WHOLE],
      sentAtMost: 4 * SIZE,
    },
  },
  {
    id: 'RG14',
    what: 'bytes of an unknown version are not continued, not by an answer that tells its own either',
    host: { digest: false },
    rules: [{ match: { nth: 1 }, do: { cutAt: CUT, ...SILENT } }],
    expect: {
      disk: 'file',
      notices: ['NET_SHORT_BODY'],
      ranges: [WHOLE, WHOLE],
      sentAtMost: THRICE,
    },
  },
  {
    id: 'RG14',
    what: 'a host that never tells the version and caps its ranges cannot be used, and is not asked for ever',
    host: { digest: false, settings: { maxRangeBytes: 700_000 } },
    rules: [{ do: SILENT }],
    expect: {
      state: 'failed',
      code: 'RANGE_UNSUPPORTED',
      disk: { partAtLeast: 0 },
      requestsAtMost: 20,
      sentAtMost: 20 * SIZE,
    },
  },
  {
    id: 'RG15',
    what: 'a weak ETag is not sent, and the date holds the file together',
    host: { digest: false, settings: { etag: 'weak' } },
    rules: [cut],
    expect: { disk: 'file', notices: ['NET_SHORT_BODY'], ranges: [WHOLE, REST] },
    after: ({ host }) => expect(ifRanges(host)).toEqual([undefined, expect.stringMatching(/GMT$/)]),
  },
  {
    id: 'RG16',
    what: 'an ETag of its own for each request does not matter where there is a digest',
    host: { settings: { etag: 'per-request' } },
    rules: [{ match: { nth: 2 }, do: { cutAt: CUT } }],
    expect: { disk: 'file', notices: ['SOURCE_CHANGED', 'NET_SHORT_BODY'], sentAtMost: THRICE },
  },
  {
    id: 'RG16',
    what: 'an ETag of its own for each request is never believed where there is no digest',
    host: { digest: false, settings: { etag: 'per-request' } },
    expect: {
      state: 'blocked',
      code: 'SOURCE_CHANGED',
      disk: 'nothing',
      requestsAtMost: 2,
      sentAtMost: THRICE,
    },
  },
  {
    id: 'RG17',
    what: 'a host that misreads If-Range costs one request more',
    host: { digest: false, settings: { ifRange: 'always-200' } },
    rules: [cut],
    expect: {
      disk: 'file',
      notices: ['NET_SHORT_BODY'],
      ranges: [WHOLE, REST, REST],
      sentAtMost: THRICE,
    },
    after: ({ host }) => expect(ifRanges(host).at(-1)).toBeUndefined(),
  },
  {
    id: 'RG18',
    what: 'a host without ranges starts anew after a cut',
    host: { digest: false, settings: { acceptRanges: 'none', ranges: 'ignored' } },
    rules: [cut],
    expect: {
      disk: 'file',
      notices: ['NET_SHORT_BODY', 'RANGE_UNSUPPORTED'],
      sentAtMost: 4 * SIZE,
    },
  },
  {
    id: 'RG21',
    what: 'a mirror with other ETags goes on where the first one stopped, for the digest decides',
    host: { settings: { versions: [{ fromRequest: 3, etag: '"mirror"' }] } },
    rules: [cut],
    expect: {
      disk: 'file',
      notices: ['NET_SHORT_BODY', 'SOURCE_CHANGED'],
      ranges: [WHOLE, REST, REST],
      sentAtMost: THRICE,
    },
  },
  {
    id: 'RG20',
    what: 'a packed whole is not the file',
    host: { digest: false },
    rules: [{ do: { gzip: true, ignoreRange: true } }],
    expect: { state: 'failed', code: 'ENCODING_UNEXPECTED', disk: 'nothing', requestsAtMost: 1 },
  },
]

function ifRanges(host: RangedHost): (string | string[] | undefined)[] {
  return host.requests().map(({ headers }) => headers['if-range'])
}

it.concurrent.for(PLAIN)('plain $id: $what', async (row) => {
  const plain = RANGED_SOURCES.find(({ name }) => name === 'plain')
  if (plain === undefined) throw new TypeError('there is no plain source')
  await runFault(plain, row)
})
