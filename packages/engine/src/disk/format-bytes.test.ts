import { expect, it } from 'vitest'
import { formatBytes } from './format-bytes.ts'

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 KB'],
  [999_949, '999.9 KB'],
  [999_950, '1.0 MB'],
  [4_000_000, '4.0 MB'],
  [1_500_000_000_000, '1.5 TB'],
])('prints %i bytes as %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text)
})
