import { expect, it } from 'vitest'
import { formatRange, parseContentRange } from './content-range.ts'

it.each([
  ['bytes 0-9/100', { range: { start: 0, end: 10 }, total: 100 }],
  ['Bytes 5-5/*', { range: { start: 5, end: 6 }, total: null }],
  ['bytes */100', { range: null, total: 100 }],
  ['bytes 10-9/100', null],
  ['bytes 0-100/100', null],
  ['bytes 0-9', null],
  ['items 0-9/100', null],
  ['bytes -5-9/100', null],
  ['bytes 0-99999999999999999/*', null],
  ['', null],
])('reads %j', (text, expected) => {
  expect(parseContentRange(text)).toEqual(expected)
})

it('asks with an inclusive last byte, or to the end', () => {
  expect(formatRange(0, 10)).toBe('bytes=0-9')
  expect(formatRange(7, null)).toBe('bytes=7-')
})
