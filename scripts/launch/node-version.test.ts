import { expect, it } from 'vitest'
import { isAtLeast } from './node-version.mjs'

it.each([
  ['v24.15.0', '24.15', true],
  ['v24.21.0', '24.15', true],
  ['v26.0.0', '24.15', true],
  ['v24.14.9', '24.15', false],
  ['v20.20.2', '24.15', false],
  ['v9.99.99', '24.15', false],
  ['24.15.1', '24.15.2', false],
])('tells that %s against a floor of %s is %s', (version, floor, expected) => {
  expect(isAtLeast(version, floor)).toBe(expected)
})
