import fc from 'fast-check'
import { expect, it } from 'vitest'
import { MAX_HEAD_BYTES, readPlainHead } from './plain-head.ts'

const head = (...lines: readonly string[]): Buffer =>
  Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
const OK = 'HTTP/1.1 206 Partial Content'
const read = (bytes: Buffer) => readPlainHead(bytes, { method: 'GET' })

it('reads status, fields, length and how long the connection is kept', () => {
  const bytes = head(
    OK,
    'Content-Length: 5',
    'ETag:"a"',
    'Via: 1.1 a',
    'via:\t1.1 b ',
    'Keep-Alive: timeout=7, max=9',
  )
  expect(read(Buffer.concat([bytes, Buffer.from('model')]))).toEqual({
    status: 206,
    bodyBytes: 5,
    headBytes: bytes.length,
    keepAlive: { hostSeconds: 7 },
    headers: {
      'content-length': '5',
      etag: '"a"',
      via: ['1.1 a', '1.1 b'],
      'keep-alive': 'timeout=7, max=9',
    },
  })
})

it('skips interim answers', () => {
  const interim = ['HTTP/1.1 100 Continue', '', 'HTTP/1.1 103 Early Hints', 'Link: </a>', '']
  const verdict = read(head(...interim, OK, 'Content-Length: 5'))
  expect(verdict).toMatchObject({ status: 206, bodyBytes: 5 })
})

it('expects no body behind the head of a HEAD', () => {
  const verdict = readPlainHead(head(OK, 'Content-Length: 5'), { method: 'HEAD' })
  expect(verdict).toMatchObject({ bodyBytes: 0 })
})

it.each(['close', 'Close', 'keep-alive, close', 'upgrade'])(
  'does not keep a connection that says %s',
  (connection) => {
    const verdict = read(head(OK, 'Content-Length: 5', `Connection: ${connection}`))
    expect(verdict).toMatchObject({ keepAlive: null })
  },
)

const LENGTH = 'Content-Length: 5'
it.each<[string, Buffer]>([
  ['another version', head('HTTP/1.0 200 OK', LENGTH)],
  ['another protocol', Buffer.from('SSH-2.0')],
  ['a body without a head', Buffer.from('just bytes')],
  ['a status of two digits', head('HTTP/1.1 20 OK', LENGTH)],
  ['a status beyond 599', head('HTTP/1.1 600 OK', LENGTH)],
  ['a change of protocols', head('HTTP/1.1 101 Switching Protocols')],
  ['no content', head('HTTP/1.1 204 No Content', LENGTH)],
  ['not modified', head('HTTP/1.1 304 Not Modified', LENGTH)],
  ['no length', head(OK)],
  ['an empty length', head(OK, 'Content-Length:')],
  ['a negative length', head(OK, 'Content-Length: -5')],
  ['a signed length', head(OK, 'Content-Length: +5')],
  ['a length in hex', head(OK, 'Content-Length: 0x5')],
  ['a list of lengths', head(OK, 'Content-Length: 5, 5')],
  ['a length that no number holds', head(OK, 'Content-Length: 9999999999999999')],
  ['two equal lengths', head(OK, LENGTH, LENGTH)],
  ['two lengths that differ', head(OK, LENGTH, 'Content-Length: 6')],
  ['chunks', head(OK, 'Transfer-Encoding: chunked')],
  ['a length and chunks', head(OK, LENGTH, 'Transfer-Encoding: chunked')],
  ['a transfer coding of nonsense', head(OK, LENGTH, 'transfer-encoding: identity')],
  ['an offer to upgrade', head(OK, LENGTH, 'Upgrade: h2c')],
  ['a folded line', head(OK, LENGTH, 'X-A: b', ' c')],
  ['a space before the colon', head(OK, 'Content-Length : 5')],
  ['a field without a colon', head(OK, LENGTH, 'nonsense')],
  ['a field without a name', head(OK, LENGTH, ': a')],
  ['a NUL', head(OK, LENGTH, 'X-A: b\u0000c')],
  ['a bare LF', head(OK, LENGTH, 'X-A: b\nX-B: c')],
  ['a bare CR', head(OK, LENGTH, 'X-A: b\rX-B: c')],
  ['a control character', head(OK, LENGTH, 'X-A: b\u0007')],
  ['too many fields', head(OK, LENGTH, ...Array<string>(300).fill('X-A: b'))],
  ['a malformed interim answer', head('HTTP/1.1 103 Early', 'X A: b', '', OK, LENGTH)],
  ['too large a head', head(OK, LENGTH, `X-A: ${'a'.repeat(MAX_HEAD_BYTES)}`)],
])('leaves an answer with %s to a general parser', (_, bytes) => {
  expect(read(bytes)).toBe('not-plain')
})

it('waits for the rest of a head, wherever it is cut', () => {
  const bytes = head('HTTP/1.1 103 Early Hints', 'Link: </a>', '', OK, LENGTH)
  for (let end = 0; end < bytes.length; end++)
    expect(read(bytes.subarray(0, end))).toBe('incomplete')
  expect(read(bytes)).toMatchObject({ bodyBytes: 5, headBytes: bytes.length })
})

it('never throws, and never takes more than is there', () => {
  const line = fc.oneof(
    fc.constantFrom(OK, LENGTH, 'Transfer-Encoding: chunked', ' folded', '', 'X-A: \u0000'),
    fc.string({ unit: 'binary-ascii', maxLength: 20 }),
  )
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
      const bytes = head(OK, ...lines)
      const verdict = read(bytes)
      if (typeof verdict === 'string') return
      expect(verdict.headBytes).toBeLessThanOrEqual(bytes.length)
      const text = bytes.toString('latin1', 0, verdict.headBytes)
      expect(text.match(/^content-length:/gim)).toHaveLength(1)
      expect(text).not.toMatch(/^transfer-encoding:/im)
    }),
  )
})
