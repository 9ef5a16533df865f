import { expect, it } from 'vitest'
import { EXIT_CODES, exitCodeOf, mostSerious } from './exit-codes.ts'

it('tells a shell what a failure means', () => {
  expect(exitCodeOf('HTTP_GATED')).toBe(3)
  expect(exitCodeOf('DISK_FULL')).toBe(3)
  expect(exitCodeOf('REPO_NOT_FOUND')).toBe(1)
  expect(exitCodeOf('NET_RESET')).toBe(1)
  expect(exitCodeOf('REF_INVALID')).toBe(2)
  expect(exitCodeOf('SETTINGS_INVALID')).toBe(2)
  expect(exitCodeOf('INTERNAL')).toBe(70)
  expect(exitCodeOf('STORAGE_BROKEN')).toBe(70)
})

it('gives several outcomes the most serious code', () => {
  expect(mostSerious([])).toBe(EXIT_CODES.done)
  expect(mostSerious([0, 3, 0])).toBe(3)
  expect(mostSerious([3, 1, 0])).toBe(1)
  expect(mostSerious([1, 70, 3])).toBe(70)
  expect(mostSerious([0, 130])).toBe(130)
})
