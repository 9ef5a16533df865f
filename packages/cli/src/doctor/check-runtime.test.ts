import { expect, it } from 'vitest'
import { checkRuntime, isAtLeast } from './check-runtime.ts'

it('compares versions by number, not by letter', () => {
  expect(isAtLeast('24.15.0', '24.15.0')).toBe(true)
  expect(isAtLeast('24.9.0', '24.15.0')).toBe(false)
  expect(isAtLeast('100.0.0', '24.15.0')).toBe(true)
  expect(isAtLeast('3.53.4', '3.51.3')).toBe(true)
})

it('is happy with the runtime that runs the tests and not with an old one', () => {
  expect(checkRuntime(process.versions).map((finding) => finding.level)).toEqual(['ok', 'ok'])
  expect(
    checkRuntime({ node: '20.1.0', sqlite: '3.40.0' }).map((finding) => finding.level),
  ).toEqual(['bad', 'bad'])
})
