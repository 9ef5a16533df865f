import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type DnsServer, startDnsServer } from '@windlass/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { classify } from '../../errors/classify.ts'
import { StopRequest } from '../../runtime/stop-request.ts'
import { createHttpClient, type HttpClientOptions } from '../create-http-client.ts'
import type { HttpClient } from '../http-client.ts'

const OUTSIDE = 'models.example.org'
const INSIDE = 'wiki.example.org'

let cleanUps: (() => unknown)[] = []
let dns: DnsServer
let ms = 0
beforeEach(async () => {
  ms = 0
  dns = await startDnsServer()
  cleanUps = [() => dns.close()]
  dns.set(OUTSIDE, { A: [['8.8.8.8']] })
  dns.set(INSIDE, { A: [['10.0.0.1']] })
})
afterEach(async () => {
  for (const cleanUp of cleanUps.toReversed()) await cleanUp()
})

/** Answers for every host, and refuses to open tunnels. */
async function startProxy() {
  const asked: (string | undefined)[] = []
  const server = createServer((request, response) => {
    asked.push(request.url)
    response.end('by proxy')
  })
  server.on('connect', (request, socket) => {
    asked.push(request.url)
    socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanUps.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` } // it listens
}

function startClient(proxy: string, options: Partial<HttpClientOptions> = {}): HttpClient {
  const client = createHttpClient({
    clock: { now: () => ms, monotonicMs: () => ms },
    userAgent: 'test',
    proxy: { httpProxy: proxy, httpsProxy: proxy },
    egress: { trustedOrigins: [], allowedHosts: [] },
    lookup: (hostname) => dns.lookup(hostname),
    ...options,
  })
  cleanUps.push(() => client.close())
  return client
}

/** The answer's body, or the code of the failure. */
async function ask(client: HttpClient, url: string, signal = new AbortController().signal) {
  const request = {
    url: new URL(url),
    method: 'GET',
    headers: {},
    credentials: [],
    judge() {},
  } as const
  try {
    const response = await client.open(request, { signal })
    let all = ''
    for await (const chunk of response.body) all += chunk.toString()
    return all
  } catch (error) {
    if (signal.aborted) throw error
    return classify(error).code
  }
}

describe('a proxy', () => {
  it('needs no permission to be on this machine, and carries what is outside', async () => {
    const proxy = await startProxy()
    const client = startClient(proxy.url)
    expect(await ask(client, `http://${OUTSIDE}/a`)).toBe('by proxy')
    expect(await ask(client, 'http://8.8.4.4/b')).toBe('by proxy')
    expect(await ask(client, `https://${OUTSIDE}/c`)).toBe('PROXY_ERROR')
    expect(proxy.asked).toEqual([`http://${OUTSIDE}/a`, 'http://8.8.4.4/b', `${OUTSIDE}:443`])
  })

  it.each([
    'http://127.0.0.1:8080/',
    'http://[::1]:8080/',
    'http://[64:ff9b::7f00:1]/',
    'http://169.254.169.254/latest/meta-data/',
    'https://10.0.0.1/',
    'http://localhost:8080/',
    'http://printer/',
    `http://${INSIDE}/`,
    `https://${INSIDE}/`,
    `http://${OUTSIDE}:25/`,
  ])('is not asked for %s', async (url) => {
    const proxy = await startProxy()
    expect(await ask(startClient(proxy.url), url)).toBe('URL_BLOCKED')
    expect(proxy.asked).toEqual([])
  })

  it('is not asked for a name that leads inside as well', async () => {
    dns.set('both.example.org', { A: [['8.8.8.8', '10.0.0.1']] })
    const proxy = await startProxy()
    expect(await ask(startClient(proxy.url), 'http://both.example.org/')).toBe('URL_BLOCKED')
    expect(proxy.asked).toEqual([])
  })

  it('is asked for a name that only it can look up, and the look-up is not repeated at once', async () => {
    const proxy = await startProxy()
    const client = startClient(proxy.url)
    const url = 'http://unknown.example.org/'
    const queries = (): number => dns.queries.filter(({ type }) => type === 'A').length
    for (let i = 0; i < 3; i++) expect(await ask(client, url)).toBe('by proxy')
    expect(queries()).toBe(1)
    dns.set('unknown.example.org', { A: [['10.0.0.1']] })
    ms = 60_000
    expect(await ask(client, url)).toBe('URL_BLOCKED')
    expect(proxy.asked).toEqual([url, url, url])
  })

  it('is asked for an endpoint of the operator, wherever that is', async () => {
    const proxy = await startProxy()
    const egress = { trustedOrigins: [`http://${INSIDE}`], allowedHosts: [] }
    expect(await ask(startClient(proxy.url, { egress }), `http://${INSIDE}/`)).toBe('by proxy')
  })

  it('does not make hosts fair game that are reached without it', async () => {
    const proxy = await startProxy()
    const client = startClient(proxy.url, {
      proxy: { httpProxy: proxy.url, noProxy: `127.0.0.1,${INSIDE},wild.example.org` },
    })
    dns.set('wild.example.org', { A: ['NXDOMAIN', ['127.0.0.1']] })
    for (const host of ['127.0.0.1', INSIDE, 'wild.example.org']) {
      expect(await ask(client, `http://${host}:8080/`)).toBe('URL_BLOCKED')
    }
    expect(proxy.asked).toEqual([])
  })

  it('is not waited for when the download is stopped during the look-up', async () => {
    dns.set('slow.example.org', { A: ['silence'], AAAA: ['silence'] })
    const proxy = await startProxy()
    const controller = new AbortController()
    const asking = ask(startClient(proxy.url), 'http://slow.example.org/', controller.signal)
    await expect.poll(() => dns.queries.length).toBe(2)
    const reason = new StopRequest('pause')
    const stopped = expect(asking).rejects.toBe(reason)
    controller.abort(reason)
    await stopped
    expect(proxy.asked).toEqual([])
  })
})
