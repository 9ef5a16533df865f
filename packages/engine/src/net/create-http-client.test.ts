import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { classify } from '../errors/classify.ts'
import { isWindlassError, type WindlassError } from '../errors/windlass-error.ts'
import { systemClock } from '../runtime/clock.ts'
import { Secret } from '../runtime/secret.ts'
import { StopRequest } from '../runtime/stop-request.ts'
import { createHttpClient, type HttpClientOptions } from './create-http-client.ts'
import type { Credential } from './credential.ts'
import { LOOPBACK } from './egress/loopback-fixture.ts'
import type { HttpClient, HttpRequest, HttpResponse } from './http-client.ts'

const cleanUps: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

interface Host {
  readonly url: string
  readonly port: number
  readonly requests: IncomingMessage[]
}

async function startHost(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Host> {
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanUps.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo // a listening TCP server has one
  return { url: `http://127.0.0.1:${port}`, port, requests }
}

/** A host that speaks raw bytes: `answer` is called with each connection and its number. */
async function startRawHost(answer: (socket: Socket, connection: number) => void) {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    answer(socket, sockets.size)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanUps.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo // a listening TCP server has one
  return { url: `http://127.0.0.1:${port}`, connections: () => sockets.size }
}

function startClient(options: Partial<HttpClientOptions> = {}): HttpClient {
  const client = createHttpClient({
    clock: systemClock,
    userAgent: 'windlass/test',
    proxy: {},
    egress: LOOPBACK,
    ...options,
  })
  cleanUps.push(() => client.close())
  return client
}

const signal = (): AbortSignal => new AbortController().signal

function get(client: HttpClient, url: string, request: Partial<HttpRequest> = {}) {
  return client.open(
    { url: new URL(url), method: 'GET', headers: {}, credentials: [], judge: () => {}, ...request },
    { signal: signal() },
  )
}

async function read(response: HttpResponse): Promise<string> {
  let all = ''
  for await (const chunk of response.body) all += chunk.toString('utf8')
  return all
}

async function failure(promise: Promise<unknown>): Promise<WindlassError> {
  const thrown: unknown = await promise.then(
    () => null,
    (error: unknown) => error,
  )
  expect(thrown).toBeInstanceOf(Error)
  return classify(thrown)
}

const redirect =
  (location: string, status = 302) =>
  (_: IncomingMessage, r: ServerResponse) =>
    void r.writeHead(status, { location }).end('moved')

describe('a plain request', () => {
  it('gives status, headers and body, and says who asks', async () => {
    const host = await startHost((_, r) => r.writeHead(404, { 'x-a': 'b' }).end('nothing'))
    const response = await get(startClient(), `${host.url}/x?y=1#z`)
    expect(response.status).toBe(404)
    expect(response.headers['x-a']).toBe('b')
    expect(response.url.href).toBe(`${host.url}/x?y=1`)
    expect(await read(response)).toBe('nothing')
    expect(host.requests[0]?.url).toBe('/x?y=1')
    expect(host.requests[0]?.headers).toMatchObject({
      'user-agent': 'windlass/test',
      'accept-encoding': 'identity',
    })
  })

  it('keeps the connection for the next request', async () => {
    const host = await startHost((_, r) => r.end('ok'))
    const client = startClient({ connectionsPerOrigin: 1 })
    for (let i = 0; i < 3; i++) await read(await get(client, host.url))
    expect(new Set(host.requests.map((request) => request.socket)).size).toBe(1)
  })

  it('stops with the reason it was given, before the head and in the body', async () => {
    const host = await startHost((request, r) => {
      if (request.url === '/body') r.writeHead(200).write('some')
    })
    const client = startClient()
    for (const path of ['/head', '/body']) {
      const reason = new StopRequest('pause')
      const controller = new AbortController()
      const opening = client
        .open(
          {
            url: new URL(host.url + path),
            method: 'GET',
            headers: {},
            credentials: [],
            judge: () => {},
          },
          { signal: controller.signal },
        )
        .then(read)
      await expect.poll(() => host.requests.length).toBe(path === '/head' ? 1 : 2)
      controller.abort(reason)
      await expect(opening).rejects.toBe(reason)
    }
    await expect.poll(() => host.requests.every((request) => request.socket.destroyed)).toBe(true)
  })

  it('does not end the process when a body is thrown away', async () => {
    const host = await startHost((_, r) => void r.writeHead(200).write('some'))
    const response = await get(startClient(), host.url)
    response.body.destroy()
    await expect.poll(() => host.requests[0]?.socket.destroyed).toBe(true)
  })

  it('lets the judge refuse an answer, and closes its connection', async () => {
    const host = await startHost((_, r) => void r.writeHead(200).write('some'))
    const refusal = new Error('no')
    const opening = get(startClient(), host.url, {
      judge: () => {
        throw refusal
      },
    })
    await expect(opening).rejects.toBe(refusal)
    await expect.poll(() => host.requests[0]?.socket.destroyed).toBe(true)
  })
})

describe('a host that is slow or broken', () => {
  it('is given up when it sends no head in time', async () => {
    const host = await startHost(() => {})
    const client = startClient({ timeouts: { headersMs: 100 } })
    expect((await failure(get(client, host.url))).code).toBe('NET_TIMEOUT')
  })

  it('is given up when its body stands still', async () => {
    const host = await startHost((_, r) => void r.writeHead(200).write('some'))
    const response = await get(startClient({ timeouts: { bodyMs: 100 } }), host.url)
    expect((await failure(read(response))).code).toBe('NET_STALL')
  })

  it('is a protocol error when its head is larger than 64 KiB', async () => {
    const host = await startHost((_, r) => r.setHeader('x-big', 'a'.repeat(300_000)).end())
    expect((await failure(get(startClient(), host.url))).code).toBe('HTTP_PROTOCOL')
  })

  it('is a reset when it closes a new connection, without a second request', async () => {
    const host = await startRawHost((socket) => socket.once('data', () => socket.destroy()))
    expect((await failure(get(startClient(), host.url))).code).toBe('NET_RESET')
    expect(host.connections()).toBe(1)
  })
})

describe('an idle connection that the host closes just as we write', () => {
  const answer = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

  for (const how of ['destroy', 'resetAndDestroy'] as const) {
    it(`is replaced without anyone noticing (${how})`, async () => {
      const host = await startRawHost((socket, connection) => {
        socket.once('data', () => {
          socket.write(answer)
          socket.once('data', () => (connection === 1 ? socket[how]() : socket.write(answer)))
        })
      })
      const client = startClient({ connectionsPerOrigin: 1 })
      await read(await get(client, host.url))
      expect(await read(await get(client, host.url))).toBe('ok')
      expect(host.connections()).toBe(2)
    })
  }

  it('is replaced once only', async () => {
    let requests = 0
    const host = await startRawHost((socket) => {
      socket.on('data', () => (++requests === 1 ? socket.write(answer) : socket.destroy()))
    })
    const client = startClient({ connectionsPerOrigin: 1 })
    await read(await get(client, host.url))
    expect((await failure(get(client, host.url))).code).toBe('NET_RESET')
    expect(requests).toBe(3)
  })
})

describe('redirects', () => {
  for (const status of [301, 302, 303, 307, 308]) {
    it(`keep method and headers on ${status}`, async () => {
      const host = await startHost((request, r) =>
        request.url === '/a' ? redirect('/b', status)(request, r) : r.end('there'),
      )
      for (const method of ['GET', 'HEAD'] as const) {
        await read(
          await get(startClient(), `${host.url}/a`, { method, headers: { range: 'bytes=5-' } }),
        )
        expect(host.requests.at(-1)).toMatchObject({ method, url: '/b' })
        expect(host.requests.at(-1)?.headers['range']).toBe('bytes=5-')
        expect(host.requests.at(-1)?.headers['referer']).toBeUndefined()
      }
    })
  }

  it('resolve relative, host-relative and absolute addresses', async () => {
    const host = await startHost((request, r) => {
      const next: Record<string, string> = {
        '/one/a': 'b?q=1',
        '/one/b?q=1': `//127.0.0.1:${host.port}/two/c`,
        '/two/c': `${host.url}/d`,
      }
      const location = next[request.url ?? '']
      if (location === undefined) r.end('there')
      else redirect(location)(request, r)
    })
    const seen: string[] = []
    const client = startClient({ connectionsPerOrigin: 1 })
    const response = await get(client, `${host.url}/one/a`, {
      judge: (head) => seen.push(`${head.status} ${head.url.pathname}`),
    })
    expect(await read(response)).toBe('there')
    expect(response.url.href).toBe(`${host.url}/d`)
    expect(seen).toEqual(['302 /one/a', '302 /one/b', '302 /two/c', '200 /d'])
    expect(new Set(host.requests.map((request) => request.socket)).size).toBe(1)
  })

  it('are followed eight times and not once more', async () => {
    const host = await startHost((request, r) => {
      const left = Number(request.url?.slice(1))
      if (left === 0) r.end('there')
      else redirect(`/${left - 1}`)(request, r)
    })
    expect(await read(await get(startClient(), `${host.url}/8`))).toBe('there')
    expect((await failure(get(startClient(), `${host.url}/9`))).code).toBe('HTTP_REDIRECT_LOOP')
    expect(host.requests).toHaveLength(9 + 9)
  })

  const refusals: readonly (readonly [location: string, code: string])[] = [
    ['file:///etc/passwd', 'HTTP_REDIRECT_BLOCKED'],
    ['ftp://example.org/', 'HTTP_REDIRECT_BLOCKED'],
    ['data:text/plain,hello', 'HTTP_REDIRECT_BLOCKED'],
    ['', 'HTTP_PROTOCOL'],
    ['/f\u00fcr', 'HTTP_PROTOCOL'],
    ['http://[', 'HTTP_PROTOCOL'],
    [`/${'a'.repeat(20_000)}`, 'HTTP_PROTOCOL'],
    [`/${'a'.repeat(300 * 1024)}`, 'HTTP_PROTOCOL'],
    ['http://127.0.0.1:22/', 'URL_BLOCKED'],
    ['http://169.254.169.254/latest/meta-data/', 'URL_BLOCKED'],
    ['http://10.0.0.1/', 'URL_BLOCKED'],
  ]
  for (const [location, code] of refusals) {
    it(`to ${location.slice(0, 40)} (${location.length} characters) are refused as ${code}`, async () => {
      const host = await startHost(redirect(location))
      expect((await failure(get(startClient(), host.url))).code).toBe(code)
      expect(host.requests).toHaveLength(1)
    })
  }

  it('without an address are a protocol error', async () => {
    const host = await startHost((_, r) => r.writeHead(302).end())
    expect((await failure(get(startClient(), host.url))).code).toBe('HTTP_PROTOCOL')
  })

  it('lose the user name of their address', async () => {
    const host = await startHost((request, r) => {
      if (request.url === '/a') redirect(`http://eve:pw@127.0.0.1:${host.port}/b`)(request, r)
      else r.end('there')
    })
    const response = await get(startClient(), `${host.url}/a`)
    expect(response.url.username + response.url.password).toBe('')
    expect(host.requests[1]?.headers['authorization']).toBeUndefined()
  })

  it('show a credential to its origins alone, and again on the way back', async () => {
    const other = await startHost((request, r) => redirect(`${hub.url}/back`)(request, r))
    const hub = await startHost((request, r) =>
      request.url === '/start' ? redirect(`${other.url}/cdn`)(request, r) : r.end('there'),
    )
    const sameHostOtherName = hub.url.replace('127.0.0.1', 'localhost')
    const credential: Credential = {
      header: 'authorization',
      value: new Secret('Bearer hf_x'),
      origins: new Set([hub.url]),
    }
    const client = startClient()
    await read(await get(client, `${hub.url}/start`, { credentials: [credential] }))
    await read(await get(client, `${sameHostOtherName}/x`, { credentials: [credential] }))
    const shown = (host: Host) => host.requests.map((one) => one.headers['authorization'] ?? null)
    expect(shown(hub)).toEqual(['Bearer hf_x', 'Bearer hf_x', null])
    expect(shown(other)).toEqual([null])
  })

  it('bring no cookie along', async () => {
    const host = await startHost((request, r) => {
      r.setHeader('set-cookie', 'a=b')
      if (request.url === '/a') redirect('/b')(request, r)
      else r.end()
    })
    await read(await get(startClient(), `${host.url}/a`))
    expect(host.requests[1]?.headers['cookie']).toBeUndefined()
  })
})

describe('a host that asked for rest', () => {
  it('is left alone at every address of its origin until then', async () => {
    let ms = 0
    const clock = { now: () => 1_000_000 + ms, monotonicMs: () => ms }
    const host = await startHost((_, r) => r.writeHead(429, { 'retry-after': '7' }).end())
    const other = await startHost(redirect(`${host.url}/x`))
    const client = startClient({ clock })
    expect(client.noteRest(await get(client, host.url))).toBe(1_007_000)
    ms = 6999
    for (const url of [`${host.url}/else`, other.url]) {
      const error = await failure(get(client, url))
      expect(isWindlassError(error, 'HTTP_RATE_LIMITED')).toBe(true)
      expect(error.retryAt).toBe(1_007_000)
    }
    expect(host.requests).toHaveLength(1)
    ms = 7000
    await get(client, host.url)
    expect(host.requests).toHaveLength(2)
  })
})

it('asks over a new connection after a 421, and lets the bodies on their way come to their end', async () => {
  const ports: (number | undefined)[] = []
  let finish = (): void => undefined
  const host = await startHost((request, r) => {
    ports.push(request.socket.remotePort)
    if (request.url === '/slow') {
      r.write('first, ')
      finish = () => void r.end('last')
    } else r.writeHead(ports.length === 2 ? 421 : 200).end('short')
  })
  const client = startClient()
  const slow = await get(client, `${host.url}/slow`)
  await read(await get(client, `${host.url}/refused`))
  await read(await get(client, `${host.url}/again`))
  expect(ports).toHaveLength(3)
  expect(ports[2]).not.toBe(ports[1])
  finish()
  expect(await read(slow)).toBe('first, last')
})

describe('a proxy', () => {
  it('carries plain http, except to hosts that are reached directly', async () => {
    const proxy = await startHost((_, r) => r.end('by proxy'))
    const host = await startHost((_, r) => r.end('direct'))
    const through = startClient({ proxy: { httpProxy: proxy.url } })
    expect(await read(await get(through, `${host.url}/x`))).toBe('by proxy')
    expect(proxy.requests[0]?.url).toBe(`${host.url}/x`)
    const around = startClient({ proxy: { httpProxy: proxy.url, noProxy: '127.0.0.1' } })
    expect(await read(await get(around, `${host.url}/x`))).toBe('direct')
  })

  it('that wants a password is a PROXY_AUTH, with and without a tunnel', async () => {
    const proxy = await startRawHost((socket) =>
      socket.once('data', () =>
        socket.end('HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n'),
      ),
    )
    const client = startClient({ proxy: { httpProxy: proxy.url, httpsProxy: proxy.url } })
    for (const url of ['http://127.0.0.1:2/x', 'https://127.0.0.1:2/x']) {
      expect((await failure(get(client, url))).code).toBe('PROXY_AUTH')
    }
  })

  it('is never taken from the environment', async () => {
    const host = await startHost((_, r) => r.end('direct'))
    process.env['http_proxy'] = 'http://127.0.0.1:1'
    cleanUps.push(() => void delete process.env['http_proxy'])
    expect(await read(await get(startClient(), host.url))).toBe('direct')
    const other = startClient({ proxy: { httpsProxy: 'http://127.0.0.1:1' } })
    expect(await read(await get(other, host.url))).toBe('direct')
  })
})
