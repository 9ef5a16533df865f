import fc from 'fast-check'

interface JsonSchema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly JsonSchema[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly items?: JsonSchema
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
}

/** What JSON can say, with the names and values that break careless programs. */
const ANYTHING: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(
    '',
    '\u0000',
    '../../etc/passwd',
    "' or 1=1 --",
    '%s%n',
    'a'.repeat(5000),
    '\u202egnp',
    '\ud800',
    -0,
    1e308,
    Number.MAX_SAFE_INTEGER,
    { toString: 1 },
    { constructor: { prototype: { polluted: true } } },
    [[[[[[]]]]]],
  ),
)

/** Values that mostly fit a schema of the OpenAPI document, and here and there do not. */
export function almost(
  schema: JsonSchema,
  find: (ref: string) => JsonSchema,
): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 4, arbitrary: fitting(schema, find) },
    { weight: 1, arbitrary: ANYTHING },
  )
}

function fitting(schema: JsonSchema, find: (ref: string) => JsonSchema): fc.Arbitrary<unknown> {
  if (schema.$ref !== undefined) return fitting(find(schema.$ref), find)
  if (schema.const !== undefined) return fc.constant(schema.const)
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map((one) => almost(one, find)))
  const { minimum = -10, maximum = 100_000 } = schema
  switch (schema.type) {
    case 'object':
      return objectOf(schema, find)
    case 'array':
      return fc.array(almost(schema.items ?? {}, find), { maxLength: 4 })
    case 'boolean':
      return fc.boolean()
    case 'integer':
      return fc.integer({ min: minimum - 1, max: Math.min(maximum + 1, 2 ** 31 - 1) })
    case 'number':
      return fc.double()
    case 'string':
      return textOf(schema)
    default:
      return ANYTHING
  }
}

function textOf({ minLength = 0, maxLength = 40 }: JsonSchema): fc.Arbitrary<string> {
  return fc.oneof(
    fc.constantFrom('org/name', 'main', '*.json', 'k7m2p9qwxa', '42'),
    fc.string({ unit: 'binary', minLength: Math.max(0, minLength - 1), maxLength: 40 }),
    fc.constant('a'.repeat(Math.min(maxLength + 1, 10_000))),
  )
}

function objectOf(
  { properties = {}, required = [] }: JsonSchema,
  find: (ref: string) => JsonSchema,
): fc.Arbitrary<object> {
  const fields = Object.fromEntries(
    Object.entries(properties).map(([name, one]) => [name, almost(one, find)]),
  )
  const known = fc.record(fields, { requiredKeys: required.filter((name) => name in fields) })
  const stray = fc.dictionary(fc.string({ maxLength: 8 }), ANYTHING, { maxKeys: 1 })
  return fc.oneof(
    { weight: 5, arbitrary: known },
    { weight: 1, arbitrary: fc.tuple(known, stray).map(([a, b]) => ({ ...a, ...b })) },
  )
}
