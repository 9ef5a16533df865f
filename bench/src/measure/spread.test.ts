import { expect, test } from 'vitest'
import { pairedRatios, spreadOf } from './spread.ts'

test('the median is the one in the middle, or lies between the two that are', () => {
  expect(spreadOf([3, 1, 100])).toMatchObject({ median: 3, min: 1, max: 100 })
  expect(spreadOf([4, 1, 2, 100])).toMatchObject({ median: 3 })
})

test('nothing measured is no zero', () => {
  expect(() => spreadOf([])).toThrow(RangeError)
})

test('a ratio compares what ran in the same round', () => {
  // The machine was ten times slower in the second round; the ratio is the same all the same.
  expect(pairedRatios([1, 10, 1], [2, 20, 2])).toMatchObject({ median: 0.5, min: 0.5, max: 0.5 })
  expect(() => pairedRatios([1], [1, 2])).toThrow(RangeError)
})
