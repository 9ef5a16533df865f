import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { startDnsServer } from '@windlass/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { classify } from '../../errors/classify.ts'
import { systemClock } from '../../runtime/clock.ts'
import { createHttpClient } from '../create-http-client.ts'
import type { HttpClient } from '../http-client.ts'
import { blockedUrls, LYING_NAMES } from './blocked-urls-fixture.ts'
import { type Canary, canReach, startCanary } from './canary-fixture.ts'

const cleanUps: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const cleanUp of cleanUps.toReversed()) await cleanUp()
})

/** A host that the operator configured, and that sends everybody to the canary. */
async function startTrustedHost(location: () => string) {
  const server = createServer((request, response) => {
    if (request.url === '/start') response.writeHead(302, { location: location() }).end()
    else response.end('from the host itself')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanUps.push(async () => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}` // a listening TCP server has one
}

/** What can stand in a header: a name with other letters would have to be encoded first. */
const fitsHeader = (text: string): boolean => /^[\t\x20-\x7e]+$/.test(text)

const COUNT = blockedUrls(1).length

describe(`${COUNT} addresses that lead inside`, () => {
  let canary: Canary
  let client: HttpClient
  let trusted: string
  let location = ''
  let queriedNames: () => string[]

  beforeAll(async () => {
    canary = await startCanary()
    cleanUps.push(async () => await canary[Symbol.asyncDispose]())
    const dns = await startDnsServer()
    cleanUps.push(() => dns.close())
    for (const [name, { A, AAAA }] of Object.entries(LYING_NAMES)) {
      dns.set(name, { ...(A && { A: [A] }), ...(AAAA && { AAAA: [AAAA] }) })
    }
    dns.set('example.org', { A: [['127.0.0.1']] })
    queriedNames = () => dns.queries.map(({ name }) => name)
    trusted = await startTrustedHost(() => location)
    client = createHttpClient({
      clock: systemClock,
      userAgent: 'test',
      proxy: {},
      egress: { trustedOrigins: [trusted], allowedHosts: [] },
      lookup: (hostname) => dns.lookup(hostname),
    })
    cleanUps.push(() => client.close())
  })

  /** The code of the refusal, or where the answer came from. */
  async function ask(url: URL): Promise<string> {
    const request = { url, method: 'GET', headers: {}, credentials: [], judge() {} } as const
    try {
      const response = await client.open(request, { signal: new AbortController().signal })
      response.body.discard()
      return response.url.origin
    } catch (error) {
      return classify(error).code
    }
  }

  it('are at least 120', () => {
    expect(COUNT).toBeGreaterThanOrEqual(120)
  })

  it('are refused before a connection is made', async () => {
    const outcomes = new Set<string>()
    for (const text of blockedUrls(canary.port)) {
      const url = URL.parse(text)
      const outcome = url === null ? 'no address' : await ask(url)
      expect(outcome, text).toMatch(/^(URL_BLOCKED|no address)$/)
      outcomes.add(outcome)
    }
    expect(outcomes.size).toBe(2)
    expect(canary.connections).toBe(0)
  })

  it('are refused where a trusted host redirects to them', async () => {
    const texts = blockedUrls(canary.port).filter(fitsHeader)
    expect(texts.length).toBeGreaterThanOrEqual(120)
    for (const text of texts) {
      location = text
      // Where the text is relative to the host, it stays there.
      const allowed = ['URL_BLOCKED', 'HTTP_REDIRECT_BLOCKED', 'HTTP_PROTOCOL', trusted]
      expect(allowed, text).toContain(await ask(new URL(`${trusted}/start`)))
    }
    expect(canary.connections).toBe(0)
  })

  it('are not even looked up when only a private network can know them', () => {
    expect(queriedNames().filter((name) => !name.endsWith('.org'))).toEqual([])
  })

  it('could be reached by anyone who does not look', async () => {
    expect(await canReach('127.0.0.1', canary.port)).toBe(true)
    expect(await canReach('127.7.7.7', canary.port)).toBe(true)
    expect(await canReach('0.0.0.0', canary.port)).toBe(true)
    await expect.poll(() => canary.connections).toBe(3)
  })
})
