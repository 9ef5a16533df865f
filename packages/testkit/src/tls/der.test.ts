import { expect, test } from 'vitest'
import * as der from './der.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

test.each([
  ['00', '020100'],
  ['7f', '02017f'],
  ['80', '02020080'],
  ['0000', '020100'],
  ['00007f', '02017f'],
  ['0080ff', '02030080ff'],
])('the integer %s is written in as few bytes as there may be', (bytes, expected) => {
  expect(hex(der.integer(Buffer.from(bytes, 'hex')))).toBe(expected)
})

test('lengths of more than 127 bytes say how many bytes they take', () => {
  expect(hex(der.octets(Buffer.alloc(127)).subarray(0, 2))).toBe('047f')
  expect(hex(der.octets(Buffer.alloc(128)).subarray(0, 3))).toBe('048180')
  expect(hex(der.octets(Buffer.alloc(300)).subarray(0, 4))).toBe('0482012c')
})

test('an object identifier is written in base 128', () => {
  // `openssl asn1parse -genstr OID:1.2.840.10045.4.3.2`
  expect(hex(der.objectId('1.2.840.10045.4.3.2'))).toBe('06082a8648ce3d040302')
})
