import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { type Asking, askServer, type ServerAnswer, UPGRADE } from '../testing/ask-server.ts'
import { type ApiOperation, allowedFailures, pathTo } from '../testing/openapi-operations.ts'
import { OPERATOR_TOKEN, openTruthWorld, type TruthWorld } from '../testing/truth-world.ts'

const authorization = `Bearer ${OPERATOR_TOKEN}`

let world: TruthWorld
let id: string
beforeEach(async () => {
  world = await openTruthWorld(onTestFinished)
  id = (await world.home.engine.downloads.create({ ref: 'org/name', paused: true })).download.id
})

const own = (): string => `localhost:${world.port}`

/** A request that would be carried out if it came with the right headers. */
function call(operation: ApiOperation, headers: Asking['headers'] = {}): Promise<ServerAnswer> {
  const { method, requestBody } = operation
  const body = Object.values(requestBody?.content ?? {})[0]?.example
  return askServer(world.port, {
    method,
    path: pathTo(operation, id),
    from: world.nextClient(),
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      host: own(),
      ...(operation.path.startsWith('/ws') ? UPGRADE : {}),
      ...headers,
    },
    // Sent as text, so that another type can be claimed for it.
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
}

/** Calls every operation, and expects the same refusal from each and nothing changed by any. */
async function allRefuse(
  headers: Asking['headers'],
  expected: { readonly status: number; readonly code: string },
  operations = world.document.operations,
): Promise<void> {
  const before = await world.fingerprint()
  for (const operation of operations) {
    const { status, code } = await call(operation, headers)
    expect({ status, code }, operation.operationId).toEqual(expected)
  }
  expect(await world.fingerprint()).toBe(before)
}

const guarded = (): readonly ApiOperation[] =>
  world.document.operations.filter(({ security }) => security?.length !== 0)
const changing = (): readonly ApiOperation[] =>
  world.document.operations.filter(({ method }) => method !== 'GET')

describe('every operation', { timeout: 60_000 }, () => {
  it('with the token answers as its document says, and a wish that is legal is carried out', async () => {
    for (const operation of world.document.operations) {
      const answer = await call(operation, { authorization })
      const documented = operation.responses[String(answer.status)]
      expect(documented, `${operation.operationId} ${answer.status} ${answer.text}`).toBeDefined()
      if (answer.status >= 500) expect(allowedFailures(operation)).toContain(answer.status)
      const media = Object.entries(documented?.content ?? {})[0]
      if (media === undefined || !media[0].endsWith('json')) continue
      const read = world.document.schema(media[1].schema).safeParse(JSON.parse(answer.text))
      expect(read.error, operation.operationId).toBeUndefined()
    }
    const { downloads, models, limits } = world.home.engine
    expect((await downloads.list({ limit: 9 })).items.length).toBeGreaterThan(0)
    expect((await models.list()).models.filter(({ files }) => files > 0)).toEqual([])
    expect(limits.current().changed).not.toEqual([])
  })

  it.each([
    ['no token', {}],
    ['a wrong token', { authorization: 'Bearer wrong-wrong-wrong-wrong' }],
    ['another scheme', { authorization: `Basic ${OPERATOR_TOKEN}` }],
    ['the token as a cookie', { cookie: `token=${OPERATOR_TOKEN}` }],
    ['headers that claim to be local', { 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '::1' }],
  ])('is refused for %s', async (_name, headers) => {
    await allRefuse(headers, { status: 401, code: 'AUTH_REQUIRED' }, guarded())
  })

  it('is refused for the cookie of a session that is none; signing in alone asks for none', async () => {
    expect(guarded().length).toBe(world.document.operations.length - 1)
    const cookie = { cookie: `windlass-${world.port}=${'A'.repeat(43)}`, origin: `http://${own()}` }
    await allRefuse(cookie, { status: 401, code: 'AUTH_REQUIRED' }, guarded())
  })

  const HOSTS: readonly ((port: number) => string)[] = [
    () => 'evil.example',
    () => 'localhost',
    () => '127.0.0.1',
    () => '[::1]',
    () => 'localhost:80',
    () => 'localhost:1',
    () => '0.0.0.0',
    () => '*',
    () => 'null',
    () => 'localhost, evil.example',
    (port) => `evil.example:${port}`,
    (port) => `localhost.:${port}`,
    (port) => `localhost.evil.example:${port}`,
    (port) => `evil.localhost:${port}`,
    (port) => `evil.example.localhost:${port}`,
    (port) => `localhost@evil.example:${port}`,
    (port) => `evil.example@localhost:${port}`,
    (port) => `localhost#:${port}`,
    (port) => `localhost/:${port}`,
    (port) => `localhost:${port}.evil.example`,
    (port) => `localhost:${port}/`,
    (port) => `localhost:0${port}`,
    (port) => `localhost:${port},`,
    (port) => `127.0.0.2:${port}`,
    (port) => `127.1:${port}`,
    (port) => `127.0.0.1.:${port}`,
    (port) => `127.0.0.1.nip.io:${port}`,
    (port) => `2130706433:${port}`,
    (port) => `0x7f.0.0.1:${port}`,
    (port) => `0177.0.0.1:${port}`,
    (port) => `0.0.0.0:${port}`,
    (port) => `[::]:${port}`,
    (port) => `[::ffff:127.0.0.1]:${port}`,
    (port) => `[::ffff:7f00:1]:${port}`,
    (port) => `[0:0:0:0:0:0:0:1]:${port}`,
    (port) => `::1:${port}`,
    (port) => `box.local:${port}`,
    (port) => `box.internal:${port}`,
    (port) => `http://localhost:${port}`,
    (port) => `:${port}`,
  ]
  it(`is refused under ${HOSTS.length} foreign values of Host`, async () => {
    for (const host of HOSTS) {
      const headers = { authorization, host: host(world.port), 'x-forwarded-host': own() }
      await allRefuse(headers, { status: 421, code: 'HOST_REJECTED' })
    }
  })

  it.each([
    'null',
    '',
    'http://evil.example',
    'https://evil.example',
    'http://localhost',
    'http://localhost:1',
    'http://127.0.0.1:1',
    'https://localhost',
    'http://localhost.evil.example',
    'file://',
    'chrome-extension://abcdef',
    'http://localhost, http://evil.example',
  ])('is refused to the page %j', async (origin) => {
    await allRefuse({ authorization, origin }, { status: 403, code: 'ORIGIN_REJECTED' })
  })

  it.each(['cross-site', 'same-site'])('is refused where a browser says %s', async (site) => {
    const headers = { authorization, 'sec-fetch-site': site }
    await allRefuse(headers, { status: 403, code: 'ORIGIN_REJECTED' })
    const visit = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    await allRefuse({ ...headers, ...visit }, { status: 403, code: 'ORIGIN_REJECTED' })
    const claim = { ...headers, origin: `http://${own()}` }
    await allRefuse(claim, { status: 403, code: 'ORIGIN_REJECTED' })
  })

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])(
    'that changes something takes no body of the type %s',
    async (type) => {
      const before = await world.fingerprint()
      for (const operation of changing()) {
        const answer = await askServer(world.port, {
          method: operation.method,
          path: pathTo(operation, id),
          from: world.nextClient(),
          headers: { host: own(), authorization, 'content-type': type },
          body: '{"ref":"org/other","all":true,"token":"x"}',
        })
        expect(answer.code, operation.operationId).toBe('UNSUPPORTED_MEDIA_TYPE')
      }
      expect(await world.fingerprint()).toBe(before)
    },
  )

  it('that changes something is nowhere reached by GET or HEAD', async () => {
    const before = await world.fingerprint()
    for (const operation of changing()) {
      for (const method of ['GET', 'HEAD']) {
        const path = pathTo(operation, id)
        const headers = { host: own(), authorization }
        await askServer(world.port, { method, path, headers, from: world.nextClient() })
      }
    }
    expect(await world.fingerprint()).toBe(before)
  })
})
