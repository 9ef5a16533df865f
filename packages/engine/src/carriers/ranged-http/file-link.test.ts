import {
  createFaultRules,
  type LoggedRequest,
  type SeenRequest,
  startListener,
  textReply,
} from '@windlass/testkit'
import { expect, it } from 'vitest'
import { WindlassError } from '../../errors/windlass-error.ts'
import { createHttpClient } from '../../net/create-http-client.ts'
import { LOOPBACK } from '../../net/egress/loopback-fixture.ts'
import type { HttpResponse } from '../../net/http-client.ts'
import { systemClock } from '../../runtime/clock.ts'
import { Secret } from '../../runtime/secret.ts'
import type { ByteOrigin } from '../../sources/source.ts'
import { FileLink } from './file-link.ts'

const { signal } = new AbortController()

/** A hub whose link number counts up, and a CDN that accepts the links in `accepted`. */
async function open(
  options: { readonly direct?: boolean; readonly judge?: ByteOrigin['judge'] } = {},
) {
  const log: LoggedRequest[] = []
  const accepted = new Set(['1'])
  const state = { link: 1, refusal: 403, servedBefore: false }
  const shared = { port: 0, rules: createFaultRules(), log } as const
  const cdn = await startListener({
    ...shared,
    role: 'cdn',
    host: '127.0.0.1',
    route: ({ query }: SeenRequest) =>
      accepted.has(query.get('link') ?? '')
        ? textReply(200, 'bytes')
        : textReply(state.refusal, 'no'),
  })
  const hub = await startListener({
    ...shared,
    role: 'hub',
    host: '127.0.0.1',
    route: () =>
      options.direct === true
        ? textReply(accepted.has('1') ? 200 : state.refusal, 'bytes')
        : textReply(302, '', { Location: `${cdn.url}/blob?link=${state.link}` }),
  })
  const http = createHttpClient({
    clock: systemClock,
    userAgent: 'test',
    proxy: {},
    egress: LOOPBACK,
  })
  const origin: ByteOrigin = {
    url: new URL(`${hub.url}/file`),
    headers: { 'x-asked-by': 'test' },
    credentials: [
      { header: 'authorization', value: new Secret('Bearer token'), origins: new Set([hub.url]) },
    ],
    judge: options.judge ?? (() => {}),
  }
  const link = new FileLink({ http, origin, path: 'file', servedBefore: () => state.servedBefore })
  return {
    link,
    log,
    state,
    /** From here on only new links are accepted, or none at all. */
    expire(next: 'renewed' | 'refused') {
      accepted.clear()
      state.link += 1
      if (next === 'renewed') accepted.add(String(state.link))
    },
    roles: () => log.map(({ role }) => role),
    async [Symbol.asyncDispose]() {
      await http.close()
      await Promise.all([hub.close(), cdn.close()])
    },
  }
}

async function read(response: HttpResponse): Promise<string> {
  let text = ''
  for await (const chunk of response.body) text += chunk.toString()
  return text
}

it('walks to the signed address once and goes there directly from then on', async () => {
  await using way = await open()
  for (let i = 0; i < 3; i++) expect(await read(await way.link.open({}, signal))).toBe('bytes')
  expect(way.roles()).toEqual(['hub', 'cdn', 'cdn', 'cdn'])
})

it('shows a credential to the host it is for, and to no other', async () => {
  await using way = await open()
  for (let i = 0; i < 2; i++) await read(await way.link.open({ range: 'bytes=0-' }, signal))
  expect(way.log.map(({ headers }) => headers.authorization)).toEqual([
    'Bearer token',
    undefined,
    undefined,
  ])
  expect(
    way.log.every(
      ({ headers }) => headers['x-asked-by'] === 'test' && headers.range === 'bytes=0-',
    ),
  ).toBe(true)
})

it('walks only once for connections that start together', async () => {
  await using way = await open()
  const responses = await Promise.all(Array.from({ length: 8 }, () => way.link.open({}, signal)))
  await Promise.all(responses.map(read))
  expect(way.roles().filter((role) => role === 'hub')).toHaveLength(1)
})

it.each([401, 403, 404, 410])(
  'renews a link that is answered %i, once for all connections (S1, S4)',
  async (status) => {
    await using way = await open()
    await read(await way.link.open({}, signal))
    way.state.refusal = status
    way.state.servedBefore = true
    way.expire('renewed')
    const responses = await Promise.all(Array.from({ length: 8 }, () => way.link.open({}, signal)))
    expect(await Promise.all(responses.map(read))).toEqual(Array(8).fill('bytes'))
    expect(way.roles().filter((role) => role === 'hub')).toHaveLength(2)
  },
)

it('does not wait for other connections where nothing is signed', async () => {
  await using way = await open({ direct: true })
  const first = await way.link.open({}, signal)
  const others = await Promise.all([way.link.open({}, signal), way.link.open({}, signal)])
  await Promise.all([first, ...others].map(read))
  expect(way.roles()).toEqual(['hub', 'hub', 'hub'])
})

const refused = (code: string) => expect.objectContaining({ code })

it.each<[string, number, boolean, string]>([
  ['LINK_EXPIRED for a fresh link', 403, false, 'LINK_EXPIRED'],
  ['LINK_EXPIRED for a fresh link', 401, true, 'LINK_EXPIRED'],
  ['SOURCE_GONE for a file that was there before', 404, true, 'SOURCE_GONE'],
  ['HTTP_NOT_FOUND for a file that never was', 404, false, 'HTTP_NOT_FOUND'],
])('says %s that is answered %i (S2, H12)', async (_, status, servedBefore, code) => {
  await using way = await open()
  await read(await way.link.open({}, signal))
  way.state.refusal = status
  way.state.servedBefore = servedBefore
  way.expire('refused')
  const failures = await Promise.allSettled([way.link.open({}, signal), way.link.open({}, signal)])
  expect(failures).toEqual(Array(2).fill({ status: 'rejected', reason: refused(code) }))
  expect(way.roles().filter((role) => role === 'hub').length).toBeLessThanOrEqual(3)
})

it('leaves the meaning of a first refusal by the lasting host to the source', async () => {
  const gated = new WindlassError('HTTP_GATED')
  await using way = await open({
    direct: true,
    judge(head) {
      if (head.status === 403) throw gated
    },
  })
  way.expire('refused')
  await expect(way.link.open({}, signal)).rejects.toBe(gated)
})

it('never shows the source a refusal that only means an old link', async () => {
  const judged: number[] = []
  await using way = await open({ judge: ({ status }) => void judged.push(status) })
  await read(await way.link.open({}, signal))
  way.expire('renewed')
  await read(await way.link.open({}, signal))
  expect(judged).toEqual([302, 200, 302, 200])
})

it('lets the others go on when the connection that walked is stopped', async () => {
  await using way = await open()
  const controller = new AbortController()
  const stopped = way.link.open({}, controller.signal)
  const other = way.link.open({}, signal)
  const reason = new Error('stop')
  controller.abort(reason)
  await expect(stopped).rejects.toBe(reason)
  expect(await read(await other)).toBe('bytes')
})
