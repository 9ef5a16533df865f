import { expect, it } from 'vitest'
import {
  formatBytes,
  formatBytesOf,
  formatCount,
  formatDuration,
  formatPercent,
} from './quantities.ts'

it('writes sizes in powers of ten with at most one decimal', () => {
  expect(
    [0, 1, 999, 1000, 1500, 999_499, 999_500, 99_950_000, 5.6e9, 1.2e15].map(formatBytes),
  ).toEqual([
    '0 B',
    '1 B',
    '999 B',
    '1.0 kB',
    '1.5 kB',
    '999 kB',
    '1.0 MB',
    '100 MB',
    '5.6 GB',
    '1.2 PB',
  ])
})

it('names a unit once where both sides have it', () => {
  expect(formatBytesOf(1.9e9, 5.6e9)).toBe('1.9 of 5.6 GB')
  expect(formatBytesOf(300e6, 5.6e9)).toBe('300 MB of 5.6 GB')
  expect(formatBytesOf(300e6, null)).toBe('300 MB')
  expect(formatBytesOf(3, 40)).toBe('3 of 40 B')
})

it('writes times in the two units that matter', () => {
  expect([0, 0.2, 59, 60, 200, 3600, 7500, 86_400 * 3 + 3600 * 4].map(formatDuration)).toEqual([
    '0 s',
    '1 s',
    '59 s',
    '1 min 00 s',
    '3 min 20 s',
    '1 h 00 min',
    '2 h 05 min',
    '3 d 4 h',
  ])
})

it('says 100 % only of what is all there', () => {
  expect(formatPercent(99.99)).toBe('99 %')
  expect(formatPercent(100)).toBe('100 %')
  expect(formatPercent(null)).toBe('')
})

it('counts in words', () => {
  expect([formatCount(1, 'file'), formatCount(26, 'file')]).toEqual(['1 file', '26 files'])
})
