import { get, type IncomingMessage } from 'node:http'
import { request as requestSecurely } from 'node:https'
import { connect } from 'node:net'
import { TLSSocket } from 'node:tls'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createRandomBytes } from '../bytes/random-bytes.ts'
import { readBytes } from '../bytes/virtual-bytes.ts'
import type { CertificateKind } from '../tls/test-certificates.ts'
import { openBlackhole } from './blackhole.ts'
import { type ChaosOrigin, startChaosOrigin } from './chaos-origin.ts'
import { startChaosProxy } from './chaos-proxy.ts'

let origin: ChaosOrigin

beforeEach(async () => {
  origin = await startChaosOrigin()
})
afterEach(() => origin.close())

const file = { seed: 'a b', sizeBytes: 10_000, name: 'x/y z.bin' }
const ask = (path: string, headers: Record<string, string> = {}, init: RequestInit = {}) =>
  fetch(origin.url + path, { headers, ...init })
const bytesOf = async (response: Response) => Buffer.from(await response.arrayBuffer())
const part = (start: number, end: number) =>
  readBytes(createRandomBytes(file.seed, file.sizeBytes), start, end)

describe('a virtual file', () => {
  it('may be of any size and is read anywhere at once', async () => {
    const huge = { seed: 'huge', sizeBytes: 500e9 }
    const response = await ask(origin.pathOf(huge), { range: 'bytes=499999999000-' })
    expect(response.status).toBe(206)
    expect(response.headers.get('content-range')).toBe(
      'bytes 499999999000-499999999999/500000000000',
    )
    const expected = readBytes(createRandomBytes('huge', 500e9), 499_999_999_000, 500e9)
    expect(await bytesOf(response)).toEqual(expected)
  })

  it('is the same at every host, with a lasting address that leads to a signed one', async () => {
    const direct = await bytesOf(await ask(origin.pathOf(file)))
    expect(direct).toEqual(part(0, 10_000))
    expect(await bytesOf(await fetch(origin.otherUrl + origin.pathOf(file)))).toEqual(direct)
    const linked = await ask(origin.linkOf(file))
    expect(new URL(linked.url).origin).toBe(origin.otherUrl)
    expect(await bytesOf(linked)).toEqual(direct)
    origin.expireLinks()
    expect((await fetch(linked.url)).status).toBe(403)
    expect(await bytesOf(await ask(origin.linkOf(file)))).toEqual(direct)
    expect(new Set(origin.log.map((entry) => entry.file))).toEqual(new Set(['x/y z.bin']))
  })

  it.each([
    ['strong', /^"\w+"$/],
    ['weak', /^W\/"\w+"$/],
    ['none', null],
  ] as const)('has a %s ETag when told so', async (etag, form) => {
    origin.serve(file, { etag })
    const stated = (await ask(origin.pathOf(file))).headers.get('etag')
    if (form === null) expect(stated).toBeNull()
    else expect(stated).toMatch(form)
    expect((await ask(origin.pathOf(file))).headers.get('etag')).toBe(stated)
  })

  it('has another ETag at each request when told so', async () => {
    origin.serve(file, { etag: 'per-request', lastModified: false })
    const first = await ask(origin.pathOf(file))
    const second = await ask(origin.pathOf(file))
    expect(first.headers.get('etag')).not.toBe(second.headers.get('etag'))
    expect(first.headers.get('last-modified')).toBeNull()
  })

  it('says whether it takes ranges, truly or not', async () => {
    const range = { range: 'bytes=5-9' }
    expect((await ask(origin.pathOf(file))).headers.get('accept-ranges')).toBe('bytes')
    origin.serve(file, { acceptRanges: null })
    const silent = await ask(origin.pathOf(file), range)
    expect([silent.status, silent.headers.get('accept-ranges')]).toEqual([206, null])
    origin.serve(file, { acceptRanges: 'none', ranges: 'ignored' })
    const whole = await ask(origin.pathOf(file), range)
    expect([whole.status, whole.headers.get('accept-ranges')]).toEqual([200, 'none'])
    expect(await bytesOf(whole)).toEqual(part(0, 10_000))
    origin.serve(file, { maxRangeBytes: 100 })
    const capped = await ask(origin.pathOf(file), { range: 'bytes=50-' })
    expect(capped.headers.get('content-range')).toBe('bytes 50-149/10000')
    expect(await bytesOf(capped)).toEqual(part(50, 150))
  })

  it.each([
    ['honoured', 206, 200],
    ['ignored', 206, 206],
    ['always-200', 200, 200],
  ] as const)(
    'with If-Range %s answers %d to the right validator and %d to a wrong one',
    async (ifRange, right, wrong) => {
      origin.serve(file, { ifRange })
      const head = await ask(origin.pathOf(file), {}, { method: 'HEAD' })
      const range = { range: 'bytes=5-9' }
      for (const validator of [head.headers.get('etag'), head.headers.get('last-modified')]) {
        const answer = await ask(origin.pathOf(file), { ...range, 'if-range': validator ?? '' })
        expect(answer.status).toBe(right)
      }
      expect((await ask(origin.pathOf(file), { ...range, 'if-range': '"no"' })).status).toBe(wrong)
    },
  )

  it('never takes a weak ETag for If-Range', async () => {
    origin.serve(file, { etag: 'weak' })
    const etag = (await ask(origin.pathOf(file))).headers.get('etag') ?? ''
    const answer = await ask(origin.pathOf(file), { range: 'bytes=5-9', 'if-range': etag })
    expect(answer.status).toBe(200)
  })

  it('sends several ranges as one multipart body', async () => {
    const answer = await ask(origin.pathOf(file), { range: 'bytes=0-4, -3' })
    expect(answer.status).toBe(206)
    expect(answer.headers.get('content-type')).toMatch(/^multipart\/byteranges/)
    const body = (await bytesOf(answer)).toString('latin1')
    const [, first = '', second = ''] = body.split('--windlass-chaos-part')
    expect(first.split('\r\n\r\n')).toEqual([
      expect.stringContaining('Content-Range: bytes 0-4/10000'),
      `${part(0, 5).toString('latin1')}\r\n`,
    ])
    expect(second).toContain('Content-Range: bytes 9997-9999/10000')
    const none = await ask(origin.pathOf(file), { range: 'bytes=10000-, 20000-' })
    expect([none.status, none.headers.get('content-range')]).toEqual([416, 'bytes */10000'])
  })

  it.each(['chunked', 'until-close'] as const)('ends %s without a length', async (length) => {
    origin.serve(file, { length })
    const answer = await ask(origin.pathOf(file))
    expect(answer.headers.get('content-length')).toBeNull()
    expect(answer.headers.get('transfer-encoding')).toBe(length === 'chunked' ? 'chunked' : null)
    expect(await bytesOf(answer)).toEqual(part(0, 10_000))
  })

  it('changes between requests, and says of it what it is told to say', async () => {
    origin.serve(file, {
      versions: [
        { fromRequest: 2, seed: 'other' },
        { fromRequest: 3, etag: '"new"', sizeBytes: 9 },
        { fromRequest: 4, etag: null, lastModified: null },
      ],
    })
    const answers: [string | null, Buffer][] = []
    for (let count = 0; count < 4; count++) {
      const answer = await ask(origin.pathOf(file))
      answers.push([answer.headers.get('etag'), await bytesOf(answer)])
    }
    const other = readBytes(createRandomBytes('other', 10_000))
    const [first] = answers
    expect(answers).toEqual([
      [first?.[0], part(0, 10_000)],
      [first?.[0], other],
      ['"new"', other.subarray(0, 9)],
      [null, other.subarray(0, 9)],
    ])
  })
})

describe('an answer that is none', () => {
  it.each([
    ['a garbage status line', 'HTTP/9 nonsense\r\n\r\n'],
    ['a header in a header', 'HTTP/1.1 200 OK\r\nX-A: b\nContent-Length : 3\r\n\r\nabc'],
  ])('%s reaches the client as it is', async (_, raw) => {
    origin.fault({ match: { role: 'origin' }, do: { raw } })
    expect(await exchange(origin.url, origin.pathOf(file))).toBe(raw)
  })

  it('an early answer comes before the real one', async () => {
    const early = 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'
    origin.fault({ do: { rawBefore: early } })
    expect(await exchange(origin.url, origin.pathOf(file))).toContain(`${early}HTTP/1.1 200 OK`)
  })

  it('a header may be larger than any client takes', async () => {
    origin.fault({ do: { headers: { 'X-Huge': 'x'.repeat(300 * 1024) } } })
    expect((await exchange(origin.url, origin.pathOf(file))).length).toBeGreaterThan(300 * 1024)
  })

  it('a connection is reset, closed or ignored before anything is read, for as many as told', async () => {
    origin.faultConnections({ role: 'origin', times: 1, do: 'reset' })
    origin.faultConnections({ role: 'origin', times: 1, do: 'fin' })
    await expect(failureOf(origin.url)).resolves.toBe('ECONNRESET')
    await expect(failureOf(origin.url)).resolves.toBe('ECONNRESET')
    expect(origin.log).toEqual([])
    expect((await ask(origin.pathOf(file))).status).toBe(200)
    origin.faultConnections({ nth: 1, do: 'stall' })
    const response = await fetch(origin.otherUrl, { signal: AbortSignal.timeout(100) }).catch(
      (error: unknown) => (error instanceof Error ? error.name : error),
    )
    expect(response).toBe('TimeoutError')
  })
})

describe('the TLS listener', () => {
  it.each([
    ['good', null],
    ['renewed', null],
    ['expired', 'CERT_HAS_EXPIRED'],
    ['not-yet-valid', 'CERT_NOT_YET_VALID'],
    ['wrong-name', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['self-signed', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ] satisfies [CertificateKind, string | null][])(
    'with its %s certificate fails as %s',
    async (certificate, code) => {
      origin.useTls({ certificate })
      const { body, failure } = await securely()
      expect(failure).toBe(code)
      if (code === null) expect(body).toEqual(part(0, 10_000))
    },
  )

  it('is trusted through its own authority only', async () => {
    expect((await securely({ ca: [] })).failure).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE')
  })

  it('speaks the one version it is told to', async () => {
    expect((await securely()).protocol).toBe('TLSv1.3')
    origin.useTls({ version: 'TLSv1' })
    expect((await securely()).failure).toMatch(/^(ERR_SSL_|EPROTO)/)
  })

  it('can break off without a word, and be reset', async () => {
    origin.fault({ match: { nth: 1 }, do: { cutAt: 5_000, unclean: true } })
    origin.fault({ match: { nth: 1 }, do: { rstAt: 5_000 } })
    expect((await securely()).failure).toBe('ECONNRESET')
    expect((await securely()).failure).toBe('ECONNRESET')
    expect(origin.log.map(({ role, end }) => `${role} ${end}`)).toEqual(['tls cut', 'tls reset'])
  })
})

describe('the control interface', () => {
  const control = (method: string, command: string, body?: unknown) =>
    fetch(`${origin.url}/__ctl/${command}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })

  it('takes rules with expressions in place of those before, and forgets them', async () => {
    await control('PUT', 'rules', [{ do: { status: 500 } }])
    const rule = { match: { path: { regex: '^/f/a.b/' }, header: { 'x-a': { regex: '^1' } } } }
    await control('PUT', 'rules', [{ ...rule, do: { status: 503 } }])
    expect((await ask(origin.pathOf(file), { 'x-a': '12' })).status).toBe(503)
    expect((await ask(origin.pathOf(file), { 'x-a': '21' })).status).toBe(200)
    await control('POST', 'reset')
    expect(origin.log).toEqual([])
    expect((await ask(origin.pathOf(file), { 'x-a': '12' })).status).toBe(200)
  })

  it('says how a file is served, and what it was asked', async () => {
    await control('PUT', 'file', { path: origin.pathOf(file), settings: { etag: 'none' } })
    const answer = await ask(origin.pathOf(file), { range: 'bytes=1-2', 'if-range': '"x"' })
    expect(answer.headers.get('etag')).toBeNull()
    await answer.arrayBuffer()
    const [entry, ...others] = JSON.parse(await (await control('GET', 'log')).text())
    expect(others).toEqual([])
    expect(entry).toMatchObject({
      range: 'bytes=1-2',
      headers: { 'if-range': '"x"' },
      bytesSent: 10_000,
      end: 'complete',
    })
  })

  it('tells the digest of any content', async () => {
    const told = await (await control('GET', 'sha?seed=a%20b&size=10000')).text()
    expect(told.trim()).toBe(await origin.sha256(file))
  })

  it('changes connections, certificates and links', async () => {
    await control('PUT', 'tls', { certificate: 'expired' })
    expect((await securely()).failure).toBe('CERT_HAS_EXPIRED')
    const { url } = await ask(origin.linkOf(file))
    await control('POST', 'expire-links')
    expect((await fetch(url)).status).toBe(403)
    await control('PUT', 'connections', [{ role: 'other', do: 'reset' }])
    expect(await failureOf(origin.otherUrl)).toBe('ECONNRESET')
  })

  it.each([
    ['PUT', 'rules', {}],
    ['PUT', 'rules', [{}]],
    ['PUT', 'file', { path: '/elsewhere' }],
    ['GET', 'sha?seed=a', undefined],
  ])('refuses a senseless %s %s', async (method, command, body) => {
    expect((await control(method, command, body)).status).toBe(400)
  })
})

describe('other hosts', () => {
  it('a blackhole neither answers nor refuses', async ({ skip }) => {
    skip(process.platform !== 'linux', 'other kernels queue connections in other ways')
    const blackhole = await openBlackhole()
    const socket = connect(blackhole.port, '127.0.0.1')
    const outcome = new Promise((resolve) => {
      socket.on('connect', () => resolve('connected'))
      socket.on('error', resolve)
      setTimeout(resolve, 300, 'nothing')
    })
    expect(await outcome).toBe('nothing')
    socket.destroy()
    await blackhole.close()
  })

  it('a proxy passes on, or refuses in its way', async () => {
    const proxy = await startChaosProxy()
    const target = `${origin.url}/f/a/3`
    expect(await throughProxy(proxy.url, target)).toBe(200)
    proxy.use('wants-password')
    expect(await throughProxy(proxy.url, target)).toBe(407)
    proxy.use('refuses')
    expect(await throughProxy(proxy.url, target)).toBe(403)
    expect(proxy.log).toEqual(Array.from({ length: 3 }, () => `GET ${target}`))
    await proxy.close()
  })
})

/** All that a host writes to one request, as Latin-1. */
function exchange(url: string, path: string): Promise<string> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    let all = ''
    const socket = connect(Number(port), hostname)
    socket.setEncoding('latin1').on('data', (text) => {
      all += text
    })
    socket.on('end', () => resolve(all)).on('error', reject)
    socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
  })
}

function failureOf(url: string): Promise<unknown> {
  return new Promise((resolve) => {
    get(url, { agent: false }, (response) => resolve(response.statusCode)).on('error', (error) =>
      resolve('code' in error ? error.code : error),
    )
  })
}

interface Secured {
  readonly body: Buffer | null
  readonly protocol: string | null
  readonly failure: unknown
}

/** The file over TLS, with nothing but the origin's authority trusted. */
function securely({ ca = [origin.ca] } = {}): Promise<Secured> {
  return new Promise((resolve) => {
    const fail = (error: Error): void =>
      resolve({ body: null, protocol: null, failure: 'code' in error ? error.code : error })
    const asked = requestSecurely(origin.tlsUrl + origin.pathOf(file), { ca, agent: false })
    asked.on('response', (response: IncomingMessage) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk) => chunks.push(chunk)).on('error', fail)
      const protocol = response.socket instanceof TLSSocket ? response.socket.getProtocol() : null
      response.on('end', () => resolve({ body: Buffer.concat(chunks), protocol, failure: null }))
    })
    asked.on('error', fail).end()
  })
}

function throughProxy(proxy: string, url: string): Promise<number | undefined> {
  const { hostname, port } = new URL(proxy)
  return new Promise((resolve, reject) => {
    get({ host: hostname, port, path: url, agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode)
    }).on('error', reject)
  })
}
