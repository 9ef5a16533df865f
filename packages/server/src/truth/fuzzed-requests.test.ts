import { Problem } from '@windlass/contract'
import fc from 'fast-check'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { type Asking, askServer, UPGRADE } from '../testing/ask-server.ts'
import { type ApiOperation, allowedFailures, pathTo } from '../testing/openapi-operations.ts'
import { OPERATOR_TOKEN, openTruthWorld, type TruthWorld } from '../testing/truth-world.ts'
import { almost } from './schema-arbitrary.test-suite.ts'

/** Requests to each operation. */
const RUNS = 40

let world: TruthWorld
beforeEach(async () => {
  world = await openTruthWorld(onTestFinished)
})

const NAMES = fc.oneof(
  fc.constantFrom('nope', '%00', '%2e%2e', 'a'.repeat(99), 'a'.repeat(200), "'", '%c3%28', '%zz'),
  fc.string({ minLength: 1, maxLength: 12 }).map(encodeSafely),
)

/** What was asked for under a key, whose download is forgotten since. */
const FORGOTTEN = { key: 'forgotten', request: { ref: 'org/forgotten', paused: true } }

/** What a client can put into a header at all. */
const HEADER_VALUES = fc.constantFrom(
  'one',
  'two',
  FORGOTTEN.key,
  '',
  'a b',
  '\u00e9',
  'x'.repeat(300),
  '{}',
  '../',
)

/** Half of a pair has no UTF-8. */
function encodeSafely(text: string): string {
  return encodeURIComponent(text.toWellFormed()) || 'x'
}

function requestsTo(operation: ApiOperation, ids: readonly string[]): fc.Arbitrary<Asking> {
  const find = (ref: string) => world.document.definition(ref)
  const { parameters, requestBody, method } = operation
  const queries = parameters.filter((parameter) => parameter.in === 'query')
  const query = fc.record(
    Object.fromEntries(queries.map(({ name, schema }) => [name, almost(schema, find)])),
    { requiredKeys: [] },
  )
  const body = Object.values(requestBody?.content ?? {})[0]
  const bodies =
    body === undefined
      ? fc.constant(undefined)
      : fc.oneof(
          { weight: 5, arbitrary: almost(body.schema, find).map((value) => JSON.stringify(value)) },
          { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
          {
            weight: 1,
            arbitrary: fc.constantFrom('{', '[', '""', 'null', '{"__proto__":{}}', ' '),
          },
        )
  const names = parameters.filter((parameter) => parameter.in === 'header').map(({ name }) => name)
  const headers = fc.record(Object.fromEntries(names.map((name) => [name, HEADER_VALUES])), {
    requiredKeys: [],
  })
  return fc
    .tuple(fc.oneof(fc.constantFrom(...ids), NAMES), query, headers, bodies)
    .map(([id, values, own, sent]) => ({
      method,
      path: pathTo(operation, id) + queryText(values),
      from: world.nextClient(),
      headers: {
        ...own,
        host: `localhost:${world.port}`,
        authorization: `Bearer ${OPERATOR_TOKEN}`,
        ...(operation.path.startsWith('/ws') ? UPGRADE : {}),
        ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(sent === undefined ? {} : { body: sent }),
    }))
}

function queryText(values: Readonly<Record<string, unknown>>): string {
  const pairs = Object.entries(values).map(
    ([name, value]) =>
      `${name}=${encodeSafely(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))}`,
  )
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`
}

describe('whatever is sent to an operation', { timeout: 120_000 }, () => {
  it(`is answered as documented, ${RUNS} times each, and tells no secret`, async () => {
    const { engine } = world.home
    const ids: string[] = []
    for (const ref of ['org/a', 'org/b', 'org/c']) {
      ids.push((await engine.downloads.create({ ref, paused: ref === 'org/b' })).download.id)
    }
    await createAndForget()
    const seen = new Map<string, number>()
    const keyed = new Set<string | null>()
    for (const operation of world.document.operations) {
      const property = fc.asyncProperty(requestsTo(operation, ids), async (asking) => {
        const answer = await askServer(world.port, asking)
        const what = `${asking.method} ${asking.path} ${String(asking.body)}: ${answer.status} ${answer.text}`
        seen.set(`${answer.status}`, (seen.get(`${answer.status}`) ?? 0) + 1)
        if (asking.headers?.['idempotency-key'] === FORGOTTEN.key) keyed.add(answer.code)
        for (const canary of world.canaries) expect(answer.text, what).not.toContain(canary)
        // An address that means no operation any more, for example because of an odd escape.
        if (answer.code === 'ROUTE_NOT_FOUND') return
        expect(Object.keys(operation.responses), what).toContain(String(answer.status))
        if (answer.status >= 500) expect(allowedFailures(operation), what).toContain(answer.status)
        if (answer.status >= 400) Problem.parse(JSON.parse(answer.text))
        checkBody(operation, answer.status, answer.text)
      })
      const isCreate = operation.operationId === 'createDownload'
      const examples: [Asking][] = isCreate ? [[againAfterForgetting()]] : []
      await fc.assert(property, { numRuns: RUNS, examples })
    }
    for (const status of ['200', '201', '400', '404', '422'])
      expect([...seen.keys()]).toContain(status)
    expect([...keyed]).toContain('DOWNLOAD_NOT_FOUND')
    expect(world.logged()).not.toContain('"level":50')
    for (const canary of world.canaries) expect(world.logged()).not.toContain(canary)
  })
})

async function createAndForget(): Promise<void> {
  const { downloads } = world.home.engine
  const sent = { idempotencyKey: FORGOTTEN.key }
  const { download } = await downloads.create(FORGOTTEN.request, sent)
  await downloads.cancel(download.id)
  await downloads.forget(download.id)
}

function againAfterForgetting(): Asking {
  return {
    method: 'POST',
    path: '/api/downloads',
    from: world.nextClient(),
    headers: {
      host: `localhost:${world.port}`,
      authorization: `Bearer ${OPERATOR_TOKEN}`,
      'content-type': 'application/json',
      'idempotency-key': FORGOTTEN.key,
    },
    body: JSON.stringify(FORGOTTEN.request),
  }
}

function checkBody(operation: ApiOperation, status: number, text: string): void {
  const [type, media] = Object.entries(operation.responses[String(status)]?.content ?? {})[0] ?? []
  if (media === undefined || type !== 'application/json') return
  const read = world.document.schema(media.schema).safeParse(JSON.parse(text))
  expect(read.error, operation.operationId).toBeUndefined()
}
