import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import tls from 'node:tls'
import { createCertificate } from '@windlass/testkit'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { classify } from '../errors/classify.ts'
import { systemClock } from '../runtime/clock.ts'
import { Secret } from '../runtime/secret.ts'
import { createHttpClient } from './create-http-client.ts'
import type { Credential } from './credential.ts'
import type { HttpClient } from './http-client.ts'

const HUB = 'hub.example.org'
const SUBDOMAIN = `cdn.${HUB}`
const OTHER = 'other.example.org'
const CANARY = 'canary-secret'
const inBase64 = (text: string): string => Buffer.from(text).toString('base64')

/** What may be shown to the Hub, as header and value; null: what is only written in an address. */
const KINDS = {
  'a bearer token': ['authorization', `Bearer ${CANARY}`],
  'a password': ['authorization', `Basic ${inBase64(`eve:${CANARY}`)}`],
  'a cookie': ['cookie', `session=${CANARY}`],
  'an API key': ['x-api-key', CANARY],
  'a user name in the address': null,
} as const

interface Seen {
  readonly origin: string
  readonly path: string
  readonly hasSecret: boolean
  readonly referer: string | undefined
}

const seen: Seen[] = []
const servers: Server[] = []
let client: HttpClient
let ports: { readonly hub: number; readonly second: number; readonly plain: number }
/** Where each path of any host leads to. */
let routes: Readonly<Record<string, string>> = {}

const certificate = createCertificate({ names: [HUB, SUBDOMAIN, OTHER] })
const defaults = tls.getCACertificates('default')

function listener(scheme: 'http' | 'https'): RequestListener {
  return (request, response) => {
    const { headers, url = '' } = request
    const all = JSON.stringify(headers)
    seen.push({
      origin: `${scheme}://${headers.host}`,
      path: url,
      hasSecret: [CANARY, inBase64(`eve:${CANARY}`)].some((secret) => all.includes(secret)),
      referer: headers.referer,
    })
    const location = routes[url]
    if (location === undefined) response.end('there')
    else response.writeHead(302, { location, 'set-cookie': 'tracking=1' }).end()
  }
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  servers.push(server)
  return (server.address() as AddressInfo).port // a listening TCP server has one
}

beforeAll(async () => {
  tls.setDefaultCACertificates([...defaults, certificate.cert])
  ports = {
    hub: await listen(createHttpsServer(certificate, listener('https'))),
    second: await listen(createHttpsServer(certificate, listener('https'))),
    plain: await listen(createHttpServer(listener('http'))),
  }
  client = createHttpClient({
    clock: systemClock,
    userAgent: 'test',
    proxy: {},
    egress: {
      trustedOrigins: [],
      allowedHosts: [HUB, SUBDOMAIN, OTHER].map((hostname) => ({ hostname, port: 'any' })),
    },
    lookup: async () => [{ address: '127.0.0.1', family: 4 }],
  })
})
beforeEach(() => {
  seen.length = 0
})
afterAll(async () => {
  await client.close()
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
  tls.setDefaultCACertificates(defaults)
})

/** Follows the redirects from the Hub; resolves with the status, or the code of the failure. */
async function follow(kind: keyof typeof KINDS, locations: readonly string[]) {
  const header = KINDS[kind]
  const hub = `https://${HUB}:${ports.hub}`
  const named = header === null ? (url: string) => url.replace('//', `//eve:${CANARY}@`) : String
  routes = Object.fromEntries(locations.map((url, at) => [`/${at}`, named(url)]))
  const credentials: Credential[] =
    header === null
      ? []
      : [{ header: header[0], value: new Secret(header[1]), origins: new Set([hub]) }]
  const request = { method: 'GET', headers: {}, credentials, judge() {} } as const
  try {
    const response = await client.open(
      { ...request, url: new URL(named(`${hub}/0`)) },
      { signal: new AbortController().signal },
    )
    response.body.discard()
    return response.status
  } catch (error) {
    return classify(error).code
  }
}

describe.each(Object.keys(KINDS) as (keyof typeof KINDS)[])('%s', (kind) => {
  const isHeader = KINDS[kind] !== null
  const hub = (): string => `https://${HUB}:${ports.hub}`
  const shown = (): (readonly [string, boolean])[] =>
    seen.map(({ origin, path, hasSecret }) => [`${origin}${path}`, hasSecret])

  it('is shown again at the same host', async () => {
    expect(await follow(kind, ['/end'])).toBe(200)
    expect(shown()).toEqual([
      [`${hub()}/0`, isHeader],
      [`${hub()}/end`, isHeader],
    ])
  })

  it.each([
    ['another port', () => `https://${HUB}:${ports.second}/end`],
    ['a subdomain', () => `https://${SUBDOMAIN}:${ports.hub}/end`],
    ['another host', () => `https://${OTHER}:${ports.second}/end`],
  ])('is not shown to %s', async (_, target) => {
    expect(await follow(kind, [target()])).toBe(200)
    expect(shown()).toEqual([
      [`${hub()}/0`, isHeader],
      [target(), false],
    ])
  })

  it('is not sent in the clear, and nothing else is', async () => {
    const plain = `http://${HUB}:${ports.plain}/end`
    expect(await follow(kind, [plain])).toBe('HTTP_REDIRECT_BLOCKED')
    expect(shown()).toEqual([[`${hub()}/0`, isHeader]])
  })

  it('is shown to its host on the way back, and to nobody between', async () => {
    const between = `https://${OTHER}:${ports.second}/1`
    expect(await follow(kind, [between, `${hub()}/end`])).toBe(200)
    expect(shown()).toEqual([
      [`${hub()}/0`, isHeader],
      [between, false],
      [`${hub()}/end`, isHeader],
    ])
  })

  it('comes with no word about where the request came from', async () => {
    await follow(kind, [`https://${OTHER}:${ports.second}/1`, `${hub()}/end`])
    expect(seen.map(({ referer }) => referer)).toEqual([undefined, undefined, undefined])
  })
})
