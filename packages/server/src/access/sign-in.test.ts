import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Listener, listenOnPort } from '../listen.ts'
import { type Asking, askServer, type ServerAnswer } from '../testing/ask-server.ts'
import { sampleDownload } from '../testing/memory-engine.ts'
import { openTestApp, type TestApp, TOKEN } from '../testing/test-app.ts'

let test: TestApp
let listener: Listener
let port: number

beforeEach(async () => {
  test = await openTestApp()
  listener = await listenOnPort(test.served, { host: '127.0.0.1', port: 0 })
  port = Number(listener.port)
})
afterEach(async () => {
  await test.app.close()
  await listener.close()
})

const authorization = `Bearer ${TOKEN}`
const ask = (asking: Asking): Promise<ServerAnswer> =>
  askServer(port, { ...asking, headers: { host: `localhost:${port}`, ...asking.headers } })
const own = (): string => `http://localhost:${port}`

const signIn = (body: object, headers: Asking['headers'] = {}): Promise<ServerAnswer> =>
  ask({ method: 'POST', path: '/api/session', body, headers: { origin: own(), ...headers } })

async function cookieOfNewSession(): Promise<string> {
  const { code } = test.access.codes.issue('sign-in')
  const answer = await signIn({ code })
  return String(answer.headers['set-cookie']?.[0]?.split(';')[0])
}

describe('a browser', () => {
  it('signs in by a code that works once, into a cookie that no script and no other site gets', async () => {
    const { code } = test.access.codes.issue('sign-in')
    const first = await signIn({ code })
    expect(first.status).toBe(200)
    const cookie = String(first.headers['set-cookie'])
    expect(cookie).toMatch(new RegExp(`^windlass-${port}=[\\w-]{43}; Path=/; Expires=`))
    expect(cookie).toContain('; HttpOnly; SameSite=Strict')
    const second = await signIn({ code })
    expect([second.status, second.code]).toEqual([401, 'SIGN_IN_INVALID'])
    expect(second.headers['set-cookie']).toBeUndefined()
    expect(test.logged() + first.text).not.toContain(code)
  })

  it('signs in by the token, and by nothing else', async () => {
    expect((await signIn({ token: TOKEN })).status).toBe(200)
    expect((await signIn({ token: 'wrong' })).code).toBe('SIGN_IN_INVALID')
    expect((await signIn({ code: TOKEN })).code).toBe('SIGN_IN_INVALID')
    expect((await signIn({ code: 'x', token: TOKEN })).status).toBe(400)
  })

  it('is not signed in by another page', async () => {
    for (const headers of [{ origin: 'http://evil.example' }, { 'sec-fetch-site': 'cross-site' }]) {
      const answer = await signIn({ token: TOKEN }, headers)
      expect([answer.code, answer.headers['set-cookie']]).toEqual(['ORIGIN_REJECTED', undefined])
    }
  })

  it('reads with its cookie, and changes something only with its page named', async () => {
    const cookie = await cookieOfNewSession()
    test.engine.rows.set('a', sampleDownload('a'))
    expect((await ask({ path: '/api/downloads', headers: { cookie } })).status).toBe(200)
    expect(JSON.parse((await ask({ path: '/api/session', headers: { cookie } })).text)).toEqual({
      kind: 'session',
      expiresAt: expect.any(Number),
    })
    const pause = { method: 'POST', path: '/api/downloads/a/pause' }
    for (const headers of [{ cookie }, { cookie, 'sec-fetch-site': 'same-origin' }]) {
      expect((await ask({ ...pause, headers })).code).toBe('ORIGIN_REJECTED')
    }
    // To a browser, another port of this machine is the same site: it sends the cookie along.
    const foreign = { cookie, origin: 'http://localhost:3000', 'sec-fetch-site': 'same-site' }
    expect((await ask({ ...pause, headers: foreign })).code).toBe('ORIGIN_REJECTED')
    expect(test.engine.rows.get('a')?.state).toBe('queued')
    expect((await ask({ ...pause, headers: { cookie, origin: own() } })).status).toBe(200)
  })

  it('signs out for good', async () => {
    const cookie = await cookieOfNewSession()
    const headers = { cookie, origin: own() }
    const out = await ask({ method: 'DELETE', path: '/api/session', headers })
    expect([out.status, String(out.headers['set-cookie'])]).toEqual([
      204,
      expect.stringContaining('Expires=Thu, 01 Jan 1970'),
    ])
    expect((await ask({ path: '/api/downloads', headers })).code).toBe('AUTH_REQUIRED')
  })

  it('gets the sign-in page, which runs and frames nothing of others, from wherever it comes', async () => {
    for (const path of ['/signin', '/signin.js', '/signin.css']) {
      expect((await ask({ path })).status).toBe(200)
    }
    const visit = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }
    const page = await ask({ path: '/signin', headers: { ...visit, 'sec-fetch-dest': 'document' } })
    expect(page.status).toBe(200)
    const framed = await ask({ path: '/signin', headers: { ...visit, 'sec-fetch-dest': 'iframe' } })
    expect(framed.code).toBe('ORIGIN_REJECTED')
    expect(page.headers['content-security-policy']).toContain("script-src 'self';")
    expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'")
    expect(page.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
      'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
    })
    expect(page.text).not.toMatch(/https?:\/\//)
  })
})

describe('who guesses', () => {
  it('is refused after ten wrong tokens, even with the right one, and others are not', async () => {
    const guess = (token: string, from = '127.0.0.1'): Promise<ServerAnswer> =>
      ask({ path: '/api/health', from, headers: { authorization: `Bearer ${token}` } })
    for (let n = 0; n < 10; n++) expect((await guess(`wrong-${n}`)).status).toBe(401)
    const refused = await guess(TOKEN)
    expect([refused.status, refused.code, refused.headers['retry-after']]).toEqual([
      429,
      'TOO_MANY_GUESSES',
      '60',
    ])
    expect((await signIn({ token: TOKEN })).code).toBe('TOO_MANY_GUESSES')
    expect((await ask({ path: '/api/health' })).code, 'showing nothing is no guess').toBe(
      'AUTH_REQUIRED',
    )
    expect((await guess(TOKEN, '127.0.0.2')).status).toBe(200)
    test.clock.advance(60_000)
    expect((await guess(TOKEN)).status).toBe(200)
  })
})

describe('who changes too much', () => {
  it('may cancel 30 times a minute, singly, in bulk and as models together, and is told when to go on', async () => {
    const cancel = (path: string, from = '127.0.0.1'): Promise<ServerAnswer> =>
      ask({ method: 'POST', path, from, body: { ids: ['x'] }, headers: { authorization } })
    for (let n = 0; n < 27; n++) {
      expect((await cancel('/api/downloads/x/cancel')).status).toBe(404)
    }
    expect((await cancel('/api/downloads/cancel')).status).toBe(200)
    expect((await cancel('/api/models/cancel/x')).status).toBe(404)
    expect((await cancel('/api/models/download/x/cancel')).status).toBe(404)
    const body = { hf_repo: 'org/name' }
    const remove = { method: 'DELETE', path: '/api/models', body, headers: { authorization } }
    const refusals = [
      await ask(remove),
      await cancel('/api/downloads/cancel'),
      await cancel('/api/downloads/x/cancel'),
      await cancel('/api/models/cancel/x'),
      await cancel('/api/models/download/x/cancel'),
    ]
    for (const refused of refusals) {
      expect([refused.status, refused.code]).toEqual([429, 'TOO_MANY_REQUESTS'])
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
      expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(60)
    }
    expect((await cancel('/api/downloads/x/cancel', '127.0.0.2')).status).toBe(404)
    const pause = { method: 'POST', path: '/api/downloads/x/pause', headers: { authorization } }
    expect((await ask(pause)).status).toBe(404)
    expect((await ask({ path: '/api/downloads', headers: { authorization } })).status).toBe(200)
  })

  it('is not limited on the Unix socket', async () => {
    const headers = { host: 'localhost', authorization }
    for (let n = 0; n < 40; n++) {
      const answer = await test.app.inject({
        method: 'POST',
        url: '/api/downloads/x/cancel',
        headers,
      })
      expect(answer.statusCode).toBe(404)
    }
  })
})
