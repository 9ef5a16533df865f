import { expect, test } from 'vitest'
import { createRandomBytes } from '../bytes/random-bytes.ts'
import { readBytes } from '../bytes/virtual-bytes.ts'
import { createXorb, XORB_CONTENT_BYTES } from './xorb.ts'

test('chunks behind their headers give the content back', () => {
  const file = createRandomBytes('xorb', 200_000)
  const wire = readBytes(createXorb(file, 0).bytes)
  const parts: Buffer[] = []
  for (let at = 0; at < wire.length; ) {
    const length = wire.readUIntLE(at + 1, 3)
    expect([wire[at], wire[at + 4], wire.readUIntLE(at + 5, 3)]).toEqual([0, 0, length])
    parts.push(wire.subarray(at + 8, at + 8 + length))
    at += 8 + length
  }
  expect(Buffer.concat(parts).equals(readBytes(file))).toBe(true)
})

test('any range of the container is that part of the whole', () => {
  const xorb = createXorb(createRandomBytes('xorb', 200_000), 0)
  const whole = readBytes(xorb.bytes)
  for (const [start, end] of [
    [0, 8],
    [65_540, 65_560],
    [131_000, 200_032],
  ] as const) {
    expect(readBytes(xorb.bytes, start, end).equals(whole.subarray(start, end))).toBe(true)
  }
})

test('a later xorb holds the rest of the file', () => {
  const file = createRandomBytes('two', XORB_CONTENT_BYTES + 10)
  expect(createXorb(file, 0).contentBytes).toBe(XORB_CONTENT_BYTES)
  const second = createXorb(file, XORB_CONTENT_BYTES)
  expect(readBytes(second.bytes, 8)).toEqual(readBytes(file, XORB_CONTENT_BYTES))
})
