import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type DnsRecords, type DnsServer, startDnsServer } from '@windlass/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { classify } from '../../errors/classify.ts'
import type { WindlassError } from '../../errors/windlass-error.ts'
import { systemClock } from '../../runtime/clock.ts'
import { StopRequest } from '../../runtime/stop-request.ts'
import { createHttpClient, type HttpClientOptions } from '../create-http-client.ts'
import type { HttpClient, HttpResponse } from '../http-client.ts'
import { type Canary, startCanary } from './canary-fixture.ts'
import { startDeafHost } from './deaf-host-fixture.ts'
import { isPublicAddress } from './is-public-address.ts'

/** Loopback is all there is; these two stand for addresses on the public internet. */
const OUTSIDE = '127.0.0.77'
const OUTSIDE_TOO = '127.0.0.78'
const INSIDE = '127.0.0.1'
const NAME = 'models.example.org'

let cleanUps: (() => Promise<unknown> | unknown)[] = []
let dns: DnsServer
beforeEach(async () => {
  dns = await startDnsServer()
  cleanUps = [() => dns.close()]
})
afterEach(async () => {
  for (const cleanUp of cleanUps.toReversed()) await cleanUp()
})

/** A port that a canary can take too: free on the inside as well. */
async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, INSIDE, resolve))
  const { port } = probe.address() as AddressInfo // a listening TCP server has one
  await new Promise((resolve) => probe.close(resolve))
  return port
}

async function startHost(answer: RequestListener, host = OUTSIDE, wanted?: number) {
  const port = wanted ?? (await freePort())
  const hosts: (string | undefined)[] = []
  const server = createServer((request, response) => {
    hosts.push(request.headers.host)
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(port, host, resolve))
  cleanUps.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const own = (server.address() as AddressInfo).port // a listening TCP server has one
  return { port: own, url: `http://${NAME}:${own}`, hosts, server }
}

async function canaryBeside(port: number, host = INSIDE): Promise<Canary> {
  const canary = await startCanary(host, port)
  cleanUps.push(() => canary[Symbol.asyncDispose]())
  return canary
}

function startClient(options: Partial<HttpClientOptions> = {}, outside = [OUTSIDE, OUTSIDE_TOO]) {
  const client = createHttpClient({
    clock: systemClock,
    userAgent: 'test',
    proxy: {},
    egress: { trustedOrigins: [], allowedHosts: [] },
    lookup: (hostname) => dns.lookup(hostname),
    isPublicAddress: (address) => outside.includes(address) || isPublicAddress(address),
    ...options,
  })
  cleanUps.push(() => client.close())
  return client
}

const get = (client: HttpClient, url: string, headers: Record<string, string> = {}) =>
  client.open(
    { url: new URL(url), method: 'GET', headers, credentials: [], judge() {} },
    { signal: new AbortController().signal },
  )

async function read(response: HttpResponse): Promise<string> {
  let all = ''
  for await (const chunk of response.body) all += chunk.toString()
  return all
}

async function failure(promise: Promise<unknown>): Promise<WindlassError> {
  return classify(
    await promise.then(
      () => expect.unreachable('it was expected to fail'),
      (error: unknown) => error,
    ),
  )
}

describe('a name that cannot be looked up', () => {
  it.each<[string, DnsRecords | null]>([
    ['does not exist (C1)', null],
    ['has no address (C1)', {}],
    ['its name server fails on (C2)', { A: ['SERVFAIL'], AAAA: ['SERVFAIL'] }],
    ['its name server says nothing about (C2)', { A: ['silence'], AAAA: ['silence'] }],
  ])('which %s is NET_DNS, to be tried again', async (_, records) => {
    if (records !== null) dns.set(NAME, records)
    const client = startClient({ timeouts: { connectMs: 200 } })
    const error = await failure(get(client, `http://${NAME}/`))
    expect(error).toMatchObject({ code: 'NET_DNS', disposition: 'retry' })
    expect(error.message).toContain(NAME)
  })

  it('does not hold up a stop', async () => {
    dns.set(NAME, { A: ['silence'], AAAA: ['silence'] })
    const controller = new AbortController()
    const request = { url: new URL(`http://${NAME}/`), method: 'GET', headers: {} } as const
    const opening = startClient().open(
      { ...request, credentials: [], judge() {} },
      { signal: controller.signal },
    )
    await expect.poll(() => dns.queries.length).toBe(2)
    const reason = new StopRequest('cancel')
    const stopped = expect(opening).rejects.toBe(reason)
    controller.abort(reason)
    await stopped
  })

  it('is looked up again at the next try', async () => {
    const host = await startHost((_, r) => r.end('there'))
    dns.set(NAME, { A: ['SERVFAIL', [OUTSIDE]], AAAA: ['SERVFAIL', []] })
    const client = startClient()
    expect((await failure(get(client, host.url))).code).toBe('NET_DNS')
    expect(await read(await get(client, host.url))).toBe('there')
    expect(host.hosts).toEqual([`${NAME}:${host.port}`])
  })
})

describe('C3: a name that leads outside at first and inside later', () => {
  it.each<[string, DnsRecords]>([
    ['IPv4', { A: [[OUTSIDE], [INSIDE]] }],
    ['IPv6', { A: [[OUTSIDE], []], AAAA: [[], ['::1']] }],
    ['IPv4 inside IPv6', { A: [[OUTSIDE], []], AAAA: [[], ['::ffff:7f00:1']] }],
  ])('is refused when a transfer that broke is continued (%s)', async (_, records) => {
    const host = await startHost((_request, r) => {
      r.writeHead(200, { 'content-length': '1000' }).write('a'.repeat(100))
      setImmediate(() => r.socket?.resetAndDestroy())
    })
    const canary = await canaryBeside(host.port)
    dns.set(NAME, records)
    const client = startClient()
    expect((await failure(get(client, host.url).then(read))).disposition).toBe('retry')
    const refused = await failure(get(client, host.url, { range: 'bytes=100-' }))
    expect(refused).toMatchObject({ code: 'URL_BLOCKED', disposition: 'fail' })
    expect(canary.connections).toBe(0)
  })

  it('is refused at the next hop of a redirect', async () => {
    const host = await startHost((_, r) =>
      r.writeHead(302, { location: '/next', connection: 'close' }).end(),
    )
    const canary = await canaryBeside(host.port)
    dns.set(NAME, { A: [[OUTSIDE], [INSIDE]] })
    expect((await failure(get(startClient(), host.url))).code).toBe('URL_BLOCKED')
    expect(canary.connections).toBe(0)
  })

  it('keeps the connection that was made outside, and gets no new one', async () => {
    const host = await startHost((_, r) => r.end('outside'))
    const canary = await canaryBeside(host.port)
    dns.set(NAME, { A: [[OUTSIDE], [INSIDE]] })
    const client = startClient({ connectionsPerOrigin: 1 })
    for (let i = 0; i < 2; i++) expect(await read(await get(client, host.url))).toBe('outside')
    host.server.closeAllConnections()
    await expect
      .poll(() => failure(get(client, host.url)).then((one) => one.code))
      .toBe('URL_BLOCKED')
    expect(canary.connections).toBe(0)
  })
})

describe('a name with several addresses', () => {
  it.each<[string, DnsRecords]>([
    ['the one inside first', { A: [[INSIDE, OUTSIDE]] }],
    ['the one inside last', { A: [[OUTSIDE, INSIDE]] }],
    ['the newer family inside', { A: [[OUTSIDE]], AAAA: [['::1', '::ffff:7f00:1']] }],
  ])('is reached outside alone, %s', async (_, records) => {
    const host = await startHost((_request, r) => r.end('outside'))
    const canary = await canaryBeside(host.port)
    dns.set(NAME, records)
    expect(await read(await get(startClient(), host.url))).toBe('outside')
    expect(canary.connections).toBe(0)
  })

  it('is not reached inside when the outside is dead', async () => {
    const host = await startHost((_, r) => r.end('outside'), OUTSIDE_TOO)
    const canary = await canaryBeside(host.port)
    dns.set(NAME, { A: [[OUTSIDE, INSIDE]] })
    expect((await failure(get(startClient(), host.url))).code).toBe('NET_REFUSED')
    expect(canary.connections).toBe(0)
  })

  it('C6: is reached at the second when the first refuses', async () => {
    const host = await startHost((_, r) => r.end('second'))
    dns.set(NAME, { A: [[OUTSIDE]], AAAA: [['::1']] })
    const client = startClient({}, [OUTSIDE, '::1'])
    expect(await read(await get(client, host.url))).toBe('second')
  })

  it('C6: is reached at the second soon when the first says nothing', async () => {
    const host = await startHost((_, r) => r.end('second'))
    const deaf = await startDeafHost(OUTSIDE_TOO, host.port)
    cleanUps.push(() => deaf[Symbol.asyncDispose]())
    dns.set(NAME, { A: [[OUTSIDE_TOO, OUTSIDE]] })
    const startedAt = performance.now()
    expect(await read(await get(startClient(), host.url))).toBe('second')
    // 250 ms for the first one; the rest is for a busy machine, far from any time-out.
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(200)
    expect(performance.now() - startedAt).toBeLessThan(2000)
  })

  it('is a time-out when none of them answers', async () => {
    const host = await startHost((_, r) => r.end('elsewhere'))
    const deaf = await startDeafHost(OUTSIDE_TOO, host.port)
    cleanUps.push(() => deaf[Symbol.asyncDispose]())
    dns.set(NAME, { A: [[OUTSIDE_TOO]] })
    const client = startClient({ timeouts: { connectMs: 300 } })
    expect((await failure(get(client, host.url))).code).toBe('NET_TIMEOUT')
  })

  it('needs no IPv4 among them', async (context) => {
    const host = await startHost((_, r) => r.end('six'), '::1').catch(() => null)
    if (host === null) return context.skip('this machine has no IPv6')
    dns.set(NAME, { AAAA: [['::1']] })
    expect(await read(await get(startClient({}, ['::1']), host.url))).toBe('six')
  })
})

describe('a host that the operator named', () => {
  it('is reached inside, under its name, and no other name is', async () => {
    const host = await startHost((_, r) => r.end('inside'), INSIDE)
    dns.set(NAME, { A: [[INSIDE]] })
    dns.set('other.example.org', { A: [[INSIDE]] })
    const client = startClient({
      egress: { trustedOrigins: [], allowedHosts: [{ hostname: NAME, port: host.port }] },
      connectionsPerOrigin: 1,
    })
    expect(await read(await get(client, host.url))).toBe('inside')
    const others = [`http://other.example.org:${host.port}`, `http://${INSIDE}:${host.port}`]
    for (const url of others) expect((await failure(get(client, url))).code).toBe('URL_BLOCKED')
    expect(host.hosts).toEqual([`${NAME}:${host.port}`])
  })

  it('by its IPv6 address is reached at that', async (context) => {
    const host = await startHost((_, r) => r.end('six'), '::1').catch(() => null)
    if (host === null) return context.skip('this machine has no IPv6')
    const egress = {
      trustedOrigins: [],
      allowedHosts: [{ hostname: '[::1]', port: host.port }],
    }
    expect(await read(await get(startClient({ egress }), `http://[::1]:${host.port}/`))).toBe('six')
    expect(host.hosts).toEqual([`[::1]:${host.port}`])
  })

  it('as his endpoint is reached at its own port alone', async () => {
    const host = await startHost((_, r) => r.end('inside'), INSIDE)
    const canary = await startCanary(INSIDE)
    cleanUps.push(() => canary[Symbol.asyncDispose]())
    const client = startClient({
      egress: { trustedOrigins: [`http://${INSIDE}:${host.port}`], allowedHosts: [] },
    })
    expect(await read(await get(client, `http://${INSIDE}:${host.port}/`))).toBe('inside')
    const other = `http://${INSIDE}:${canary.port}/`
    expect((await failure(get(client, other))).code).toBe('URL_BLOCKED')
    expect(canary.connections).toBe(0)
  })
})
