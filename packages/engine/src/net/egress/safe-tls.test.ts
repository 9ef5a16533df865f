import { createServer as createProxy } from 'node:http'
import { createServer } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import tls, { type TLSSocket } from 'node:tls'
import { type Certificate, createCertificate } from '@windlass/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import { classify } from '../../errors/classify.ts'
import { systemClock } from '../../runtime/clock.ts'
import { createHttpClient, type HttpClientOptions } from '../create-http-client.ts'

const NAME = 'models.example.org'
const trusted = createCertificate({ names: [NAME] })

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

async function startHost(certificate: Certificate, options: tls.TlsOptions = {}) {
  const seen: {
    readonly servername: unknown
    readonly host: unknown
    readonly protocol: unknown
  }[] = []
  const server = createServer({ ...certificate, ...options }, (request, response) => {
    const socket = request.socket as TLSSocket // those of an https server are
    const { servername } = socket as { servername?: unknown } // missing from Node's types
    seen.push({ servername, host: request.headers.host, protocol: socket.getProtocol() })
    response.end('secret')
  })
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanUps.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo // a listening TCP server has one
  return { url: `https://${NAME}:${port}`, port, seen }
}

/** A proxy that lets everyone through to this machine, whatever host was asked for. */
async function startTunnel(): Promise<string> {
  const proxy = createProxy()
  proxy.on('connect', (request, socket) => {
    const port = Number(request.url?.split(':').at(-1))
    const onward = connect({ host: '127.0.0.1', port }, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      onward.pipe(socket).pipe(onward)
    })
    for (const end of [socket, onward]) end.on('error', () => {})
    cleanUps.push(() => onward.destroy())
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  cleanUps.push(() => proxy.close())
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` // as above
}

function startClient(options: Partial<HttpClientOptions> = {}) {
  const client = createHttpClient({
    clock: systemClock,
    userAgent: 'test',
    proxy: {},
    egress: { trustedOrigins: [], allowedHosts: [{ hostname: NAME, port: 'any' }] },
    lookup: async () => [{ address: '127.0.0.1', family: 4 }],
    ...options,
  })
  cleanUps.push(() => client.close())
  return client
}

/** The answer's body, or the code of the failure. */
async function ask(url: string, options: Partial<HttpClientOptions> = {}): Promise<string> {
  const request = {
    url: new URL(url),
    method: 'GET',
    headers: {},
    credentials: [],
    judge() {},
  } as const
  try {
    const response = await startClient(options).open(request, {
      signal: new AbortController().signal,
    })
    let all = ''
    for await (const chunk of response.body) all += chunk.toString()
    return all
  } catch (error) {
    return classify(error).code
  }
}

function trust(...certificates: Certificate[]): void {
  const before = tls.getCACertificates('default')
  tls.setDefaultCACertificates([...before, ...certificates.map(({ cert }) => cert)])
  cleanUps.push(() => tls.setDefaultCACertificates(before))
}

function setVariable(name: string, value: string): void {
  process.env[name] = value
  cleanUps.push(() => delete process.env[name])
}

describe('a secure connection', () => {
  it('asks for the host by its name, whatever address was connected to', async () => {
    trust(trusted)
    const host = await startHost(trusted)
    expect(await ask(host.url)).toBe('secret')
    expect(host.seen).toEqual([
      { servername: NAME, host: `${NAME}:${host.port}`, protocol: 'TLSv1.3' },
    ])
  })

  const yesterday = Date.now() - 86_400_000
  it.each<[string, Certificate, boolean]>([
    ['a certificate that nobody vouches for', trusted, false],
    ['a certificate of another host', createCertificate({ names: ['other.example.org'] }), true],
    [
      'a certificate that ran out',
      createCertificate({ names: [NAME], notAfter: yesterday, notBefore: yesterday - 1e9 }),
      true,
    ],
    [
      'a certificate of the future',
      createCertificate({ names: [NAME], notBefore: Date.now() + 1e8 }),
      true,
    ],
  ])('with %s is refused, whatever the environment says', async (_, certificate, isTrusted) => {
    if (isTrusted) trust(certificate)
    const host = await startHost(certificate)
    const tunnel = await startTunnel()
    for (const rejects of ['1', '0']) {
      setVariable('NODE_TLS_REJECT_UNAUTHORIZED', rejects)
      expect(await ask(host.url)).toBe('NET_TLS')
      expect(await ask(host.url, { proxy: { httpsProxy: tunnel } })).toBe('NET_TLS')
    }
    expect(host.seen).toEqual([])
  })

  it('in a version before 1.2 is refused, even where Node was told to take it', async () => {
    trust(trusted)
    const { DEFAULT_MIN_VERSION, DEFAULT_CIPHERS } = tls
    cleanUps.push(() => Object.assign(tls, { DEFAULT_MIN_VERSION, DEFAULT_CIPHERS }))
    Object.assign(tls, { DEFAULT_MIN_VERSION: 'TLSv1', DEFAULT_CIPHERS: 'DEFAULT@SECLEVEL=0' })
    const old = await startHost(trusted, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1' })
    expect(await ask(old.url)).toBe('NET_TLS')
    const current = await startHost(trusted, { maxVersion: 'TLSv1.2' })
    expect(await ask(current.url)).toBe('secret')
    expect([...old.seen, ...current.seen]).toMatchObject([{ protocol: 'TLSv1.2' }])
  })

  it('through a tunnel is checked for the host, not for the proxy', async () => {
    trust(trusted)
    const host = await startHost(trusted)
    expect(await ask(host.url, { proxy: { httpsProxy: await startTunnel() } })).toBe('secret')
    expect(host.seen).toMatchObject([{ servername: NAME }])
  })
})
