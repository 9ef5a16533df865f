import { describe, expect, it } from 'vitest'
import { parseDuration, parseShare, parseSize } from './parse-quantity.ts'

describe('sizes', () => {
  it.each([
    ['0', 0],
    ['1048576', 1_048_576],
    ['512K', 524_288],
    ['20M', 20_971_520],
    ['2G', 2_147_483_648],
    ['2GiB', 2_147_483_648],
    ['1.5g', 1_610_612_736],
    ['1 T', 1_099_511_627_776],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes)
  })

  it.each(['', 'M', '-1', '1e3', '10%', '1X', '0x10', '99999999999T', '1,5G', '٣'])(
    '%j is none',
    (text) => {
      expect(parseSize(text)).toBeNull()
    },
  )
})

describe('durations', () => {
  it.each([
    ['500ms', 500],
    ['90s', 90_000],
    ['30m', 1_800_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
    ['1.5h', 5_400_000],
  ])('%s is %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  it.each(['', '24', 'h', '-1h', '1w', '1h30m'])('%j is none', (text) => {
    expect(parseDuration(text)).toBeNull()
  })
})

describe('shares', () => {
  it('are percentages from 0 to 100', () => {
    expect(parseShare('10%')).toBe(0.1)
    expect(parseShare('2.5 %')).toBe(0.025)
    for (const text of ['101%', '10', '%', '-1%']) expect(parseShare(text)).toBeNull()
  })
})
