import { expect, it } from 'vitest'
import type { ResponseHead } from '../../net/response-head.ts'
import { type AskedRange, checkRangeAnswer, type KnownFile } from './check-range-answer.ts'

const FROM_40: AskedRange = { start: 40, end: 100, conditional: false }
const WHOLE: AskedRange = { start: 0, end: 100, conditional: false }
const CONDITIONAL: AskedRange = { ...FROM_40, conditional: true }
const KNOWN: KnownFile = { path: 'model.bin', sizeBytes: 100, validator: '"v1"', hasDigest: true }
const NO_DIGEST: KnownFile = { ...KNOWN, hasDigest: false }
const UNKNOWN: KnownFile = { path: 'model.bin', sizeBytes: null, validator: null, hasDigest: false }

type Headers = Record<string, string>
const answer = (status: number, headers: Headers): ResponseHead => ({
  url: new URL('http://cdn.test/x'),
  status,
  headers,
})
const part = (range: string, headers: Headers = {}): ResponseHead =>
  answer(206, { 'content-range': range, ...headers })
const RIGHT = 'bytes 40-99/100'

const verdicts: readonly [string, AskedRange, ResponseHead, KnownFile, object][] = [
  ['takes the right part', FROM_40, part(RIGHT), KNOWN, { kind: 'body', end: 100, total: 100 }],
  [
    'takes a part with the same validator',
    FROM_40,
    part(RIGHT, { etag: '"v1"' }),
    KNOWN,
    { kind: 'body' },
  ],
  [
    'takes a shorter part (RG5)',
    FROM_40,
    part('bytes 40-59/100'),
    KNOWN,
    { kind: 'body', end: 60 },
  ],
  [
    'takes no more than asked (RG6)',
    { ...FROM_40, end: 50 },
    part(RIGHT),
    KNOWN,
    { kind: 'body', end: 50 },
  ],
  [
    'takes a part of unknown total (RG4)',
    FROM_40,
    part('bytes 40-99/*'),
    KNOWN,
    { kind: 'body', total: 100 },
  ],
  [
    'cannot judge by a weak validator (RG15)',
    FROM_40,
    part(RIGHT, { etag: 'W/"v2"' }),
    KNOWN,
    { kind: 'body' },
  ],
  [
    'has no use for a part that keeps silent about its version (RG14)',
    FROM_40,
    part(RIGHT),
    NO_DIGEST,
    { kind: 'useless' },
  ],
  [
    'has no use for a part that has a weak validator only (RG14)',
    FROM_40,
    part(RIGHT, { etag: 'W/"v1"' }),
    NO_DIGEST,
    { kind: 'useless' },
  ],
  [
    'has no use for a part without the date that was known (RG14)',
    CONDITIONAL,
    part(RIGHT, { etag: '"v1"' }),
    { ...NO_DIGEST, validator: 'Tue, 01 Sep 2026 08:00:00 GMT' },
    { kind: 'useless' },
  ],
  [
    'takes a start of unknown version, as such (RG14)',
    WHOLE,
    part('bytes 0-99/100'),
    NO_DIGEST,
    { kind: 'body', isProven: false },
  ],
  [
    'takes a part where no validator ever was (RG14)',
    FROM_40,
    part(RIGHT),
    { ...NO_DIGEST, validator: null },
    { kind: 'body', isProven: true },
  ],
  [
    'has no use for another start (RG2)',
    FROM_40,
    part('bytes 41-99/100'),
    KNOWN,
    { kind: 'useless' },
  ],
  [
    'has no use for a part without a range (RG7)',
    FROM_40,
    answer(206, {}),
    KNOWN,
    { kind: 'useless' },
  ],
  [
    'has no use for several parts (RG8)',
    FROM_40,
    part(RIGHT, { 'content-type': 'multipart/byteranges; boundary=x' }),
    KNOWN,
    { kind: 'useless' },
  ],
  [
    'takes the whole at the start',
    WHOLE,
    answer(200, { 'content-length': '100' }),
    KNOWN,
    { kind: 'body', end: 100 },
  ],
  ['takes the whole without a length', WHOLE, answer(200, {}), KNOWN, { kind: 'body', end: 100 }],
  [
    'knows where a whole at the start ends, whatever was asked for',
    { ...WHOLE, end: 30 },
    answer(200, { 'content-length': '100' }),
    KNOWN,
    { kind: 'body', end: 100, total: 100 },
  ],
  [
    'begins anew with the whole (RG1)',
    FROM_40,
    answer(200, { 'content-length': '100' }),
    KNOWN,
    { kind: 'whole', end: 100 },
  ],
  [
    'asks once without If-Range (RG17)',
    CONDITIONAL,
    answer(200, { etag: '"v1"' }),
    KNOWN,
    { kind: 'ask-plainly' },
  ],
  [
    'learns the size',
    { ...WHOLE, end: null },
    part('bytes 0-99/100'),
    UNKNOWN,
    { kind: 'body', end: 100, total: 100 },
  ],
  [
    'reads to the end of an unknown size (RG22)',
    { ...WHOLE, end: null },
    answer(200, {}),
    UNKNOWN,
    { kind: 'body', end: null, total: null },
  ],
  [
    'is complete where the file ends (RG9)',
    { ...FROM_40, end: null },
    answer(416, { 'content-range': 'bytes */40' }),
    UNKNOWN,
    { kind: 'complete', total: 40 },
  ],
  [
    'has no use for a refused range (RG10)',
    FROM_40,
    answer(416, { 'content-range': 'bytes */100' }),
    KNOWN,
    { kind: 'useless' },
  ],
  ['has no use for a refusal without a size', FROM_40, answer(416, {}), KNOWN, { kind: 'useless' }],
  [
    'takes a page that is the file',
    WHOLE,
    answer(200, { 'content-type': 'text/html', 'content-length': '100' }),
    KNOWN,
    { kind: 'body' },
  ],
]

it.each(verdicts)('%s', (_, asked, head, known, expected) => {
  expect(checkRangeAnswer(asked, head, known)).toMatchObject(expected)
})

const DATED = { ...KNOWN, validator: 'Tue, 02 Jan 2024 03:04:05 GMT' }
const refusals: readonly [string, string, AskedRange, ResponseHead, KnownFile][] = [
  ['another total (RG3)', 'SOURCE_CHANGED', FROM_40, part('bytes 40-98/99'), KNOWN],
  [
    'another validator in the part (RG13)',
    'SOURCE_CHANGED',
    FROM_40,
    part(RIGHT, { etag: '"v2"' }),
    KNOWN,
  ],
  [
    'another validator with the whole (RG12)',
    'SOURCE_CHANGED',
    CONDITIONAL,
    answer(200, { etag: '"v2"' }),
    KNOWN,
  ],
  [
    'another date',
    'SOURCE_CHANGED',
    FROM_40,
    part(RIGHT, { 'last-modified': 'Tue, 02 Jan 2024 03:04:06 GMT' }),
    DATED,
  ],
  [
    'a file that shrank (RG11)',
    'SOURCE_CHANGED',
    FROM_40,
    answer(416, { 'content-range': 'bytes */20' }),
    KNOWN,
  ],
  [
    'a shrunken file of unknown size',
    'SOURCE_CHANGED',
    FROM_40,
    answer(416, { 'content-range': 'bytes */20' }),
    UNKNOWN,
  ],
  [
    'a packed part (RG20)',
    'ENCODING_UNEXPECTED',
    FROM_40,
    part(RIGHT, { 'content-encoding': 'gzip' }),
    KNOWN,
  ],
  [
    'a packed whole (RG20)',
    'ENCODING_UNEXPECTED',
    WHOLE,
    answer(200, { 'content-encoding': 'br' }),
    KNOWN,
  ],
  ['a larger whole (B5)', 'SIZE_MISMATCH', WHOLE, answer(200, { 'content-length': '101' }), KNOWN],
  ['an empty whole (B14)', 'SIZE_MISMATCH', WHOLE, answer(200, { 'content-length': '0' }), KNOWN],
  [
    'a page instead of the file (B9)',
    'CONTENT_UNEXPECTED',
    WHOLE,
    answer(200, { 'content-type': 'text/html' }),
    KNOWN,
  ],
  [
    'a page in the middle (B10)',
    'CONTENT_UNEXPECTED',
    FROM_40,
    answer(200, { 'content-type': 'text/html; charset=utf-8', 'content-length': '26' }),
    KNOWN,
  ],
]

it.each(refusals)('refuses %s as %s', (_, code, asked, head, known) => {
  expect(() => checkRangeAnswer(asked, head, known)).toThrow(expect.objectContaining({ code }))
})
