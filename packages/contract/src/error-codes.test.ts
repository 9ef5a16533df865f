import { expect, it } from 'vitest'
import { ERROR_CODE_NAMES, ERROR_CODES } from './error-codes.ts'

it('keeps every code that was ever public', () => {
  expect(ERROR_CODE_NAMES.toSorted((a, b) => (a < b ? -1 : 1))).toMatchSnapshot()
})

it('says what a person can do wherever a person must act', () => {
  for (const code of ERROR_CODE_NAMES) {
    const spec: { disposition: string; hint?: string } = ERROR_CODES[code]
    if (spec.disposition === 'blocked') expect(spec.hint, code).toBeTruthy()
  }
})
