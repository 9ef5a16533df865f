import { expect, it } from 'vitest'
import { z } from 'zod'
import * as schemas from './models.ts'

const withExamples = Object.entries(schemas).flatMap(([name, schema]) => {
  const examples: unknown = z.globalRegistry.get(schema)?.['examples']
  return Array.isArray(examples) ? [{ name, schema, examples }] : []
})

it.each(withExamples)('$name agrees with its own example', ({ schema, examples }) => {
  for (const example of examples) expect(schema.parse(example)).toEqual(example)
})

it('has an example for each answer and each request of the model routes', () => {
  expect(withExamples.length).toBeGreaterThanOrEqual(15)
})
