import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createEventStreamParser, type StreamMessage } from './parse-event-stream.ts'

const encoder = new TextEncoder()

function parse(text: string, cuts: readonly number[] = []): StreamMessage[] {
  const bytes = encoder.encode(text)
  const parser = createEventStreamParser()
  const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length]
  edges.sort((a, b) => a - b)
  return edges.flatMap((edge, n) => [...parser.push(bytes.slice(edges[n - 1] ?? 0, edge))])
}

const message = (data: string | null, event = 'message', lastEventId = ''): StreamMessage => ({
  lastEventId,
  event,
  data,
})

describe('the event stream parser', () => {
  it.each<[string, string, StreamMessage[]]>([
    ['a message of one line', 'data: a\n\n', [message('a')]],
    ['a message of several lines', 'data: a\ndata:\ndata: b\n\n', [message('a\n\nb')]],
    ['a name and an id', 'event: e\nid: 7\ndata: a\n\n', [message('a', 'e', '7')]],
    ['a field without a space', 'data:a\n\n', [message('a')]],
    ['two spaces, of which one counts', 'data:  a\n\n', [message(' a')]],
    ['a colon in the data', 'data: a:b\n\n', [message('a:b')]],
    ['a field without a colon', 'data\n\n', [message('')]],
    ['comments and unknown fields', ': hi\nfoo: bar\ndata: a\n\n', [message('a')]],
    ['lines that end in CRLF', 'id: 1\r\ndata: a\r\n\r\n', [message('a', 'message', '1')]],
    ['lines that end in CR', 'data: a\r\rdata: b\r\r', [message('a'), message('b')]],
    ['a byte order mark', '\u{feff}data: a\n\n', [message('a')]],
    ['an id alone, which moves the place', 'id: 5\n\n', [message(null, 'message', '5')]],
    ['an id that was there before', 'id: 5\n\nid: 5\n\n', [message(null, 'message', '5')]],
    [
      'an id that stays for later messages',
      'id: 5\ndata: a\n\ndata: b\n\n',
      [message('a', 'message', '5'), message('b', 'message', '5')],
    ],
    ['an id with a NUL, which is ignored', 'id: a\0b\ndata: a\n\n', [message('a')]],
    ['a name without data, which is dropped', 'event: e\n\ndata: a\n\n', [message('a')]],
    ['an unfinished message, which is dropped', 'data: a\n\ndata: b\n', [message('a')]],
    ['empty lines', '\n\n\r\n\n', []],
  ])('reads %s', (_name, text, expected) => {
    expect(parse(text)).toEqual(expected)
  })

  it('finishes a message at a CR without waiting for what follows', () => {
    const parser = createEventStreamParser()
    expect(parser.push(encoder.encode('data: a\r\n\r'))).toEqual([message('a')])
    expect(parser.push(encoder.encode('\ndata: b\n\n'))).toEqual([message('b')])
  })

  it('goes on from the id that it is given', () => {
    const parser = createEventStreamParser('9')
    expect(parser.push(encoder.encode('data: a\n\n'))).toEqual([message('a', 'message', '9')])
  })

  it('notes the pause that the server asks for', () => {
    const parser = createEventStreamParser()
    expect(parser.retryMs()).toBeNull()
    parser.push(encoder.encode('retry: 1500\nretry: soon\n\n'))
    expect(parser.retryMs()).toBe(1500)
  })

  it('refuses a message without end', () => {
    const parser = createEventStreamParser()
    const piece = encoder.encode('x'.repeat(1024 * 1024))
    expect(() => {
      for (let n = 0; n < 10; n++) parser.push(piece)
    }).toThrow(RangeError)
    const other = createEventStreamParser()
    const line = encoder.encode(`data: ${'x'.repeat(1024 * 1024)}\n`)
    expect(() => {
      for (let n = 0; n < 10; n++) other.push(line)
    }).toThrow(RangeError)
  })

  it('reads the same wherever the body is cut, in the middle of a character too', () => {
    const field = fc.constantFrom('data: ', 'data:', 'id: ', 'event: ', ': ', 'retry: ', 'x')
    const value = fc.constantFrom('', 'a', '7', 'ü', '€', '😀', 'a:b', ' ')
    const end = fc.constantFrom('\n', '\r', '\r\n', '\n\n', '\r\n\r\n')
    const text = fc
      .array(fc.tuple(field, value, end).map((parts) => parts.join('')))
      .map((lines) => lines.join(''))
    fc.assert(
      fc.property(text, fc.array(fc.nat(), { maxLength: 12 }), (body, cuts) => {
        expect(parse(body, cuts)).toEqual(parse(body))
      }),
    )
  })

  it('gives back whatever was written as data', () => {
    const line = fc.string({ unit: 'grapheme' }).filter((text) => !/[\r\n]/.test(text))
    fc.assert(
      fc.property(fc.array(line, { minLength: 1 }), fc.array(fc.nat()), (lines, cuts) => {
        const body = `${lines.map((text) => `data: ${text}\n`).join('')}\n`
        expect(parse(body, cuts)).toEqual([message(lines.join('\n'))])
      }),
    )
  })
})
