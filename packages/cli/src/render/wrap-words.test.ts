import { expect, it } from 'vitest'
import { wrapWords } from './wrap-words.ts'

it('breaks between words, and never within one', () => {
  expect(wrapWords('one two  three', 7)).toEqual(['one two', 'three'])
  expect(wrapWords('a much-too-long b', 5)).toEqual(['a', 'much-too-long', 'b'])
  expect(wrapWords('', 5)).toEqual([])
})
