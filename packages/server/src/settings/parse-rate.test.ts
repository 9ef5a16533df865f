import { expect, it } from 'vitest'
import { parseRate } from './parse-rate.ts'

it.each([
  ['5000000', 5_000_000],
  ['1000', 1000],
  ['500K', 500_000],
  ['20M', 20_000_000],
  ['20 MB/s', 20_000_000],
  ['1.5g', 1_500_000_000],
  ['20MiB', 20_971_520],
  ['1Ki/s', 1024],
])('%s is %d bytes per second', (text, rate) => {
  expect(parseRate(text)).toBe(rate)
})

it.each(['', 'M', '0', '999', '-1', '1e9', '10%', '20T', '20i', '99999999999G', '1,5M'])(
  '%j is none',
  (text) => {
    expect(parseRate(text)).toBeNull()
  },
)
