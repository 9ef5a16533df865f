import { expect, it } from 'vitest'
import { parseJson } from './parse-json.ts'

it('reads JSON, and has nothing to say of what is none', () => {
  expect(['{"a":[1]}', 'null', '{"a":', '', 'a'].map(parseJson)).toEqual([
    { a: [1] },
    null,
    undefined,
    undefined,
    undefined,
  ])
})
