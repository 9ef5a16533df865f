import { request } from 'node:http'
import { connect } from 'node:net'
import { Problem } from '@windlass/contract'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Listener, listenOnPort } from '../listen.ts'
import { openTestApp, SOCKET_TOKEN, type TestApp, TOKEN } from '../testing/test-app.ts'
import { ownAuthorities } from './guard-requests.ts'

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

interface Answer {
  readonly status: number | undefined
  readonly code: string | null
}

function ask(headers: Record<string, string | string[]>, path = '/api/downloads'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ port, host: '127.0.0.1', path, headers }, (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (piece: string) => {
        text += piece
      })
      answer.on('end', () => {
        const problem = Problem.safeParse(JSON.parse(text))
        resolve({ status: answer.statusCode, code: problem.success ? problem.data.code : null })
      })
    })
    outgoing.on('error', reject)
    outgoing.end()
  })
}

/** Sends a head as it stands, for what no well-behaved client would send; returns the status. */
function askRaw(head: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(`${[...head, 'connection: close'].join('\r\n')}\r\n\r\n`)
    })
    let text = ''
    socket.setEncoding('utf8')
    socket.on('data', (piece: string) => {
      text += piece
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(Number(text.split(' ')[1])))
  })
}

const authorization = `Bearer ${TOKEN}`

describe('the Host check', () => {
  it('lets every name of this server pass, at its own port', async () => {
    for (const name of ['localhost', '127.0.0.1', '[::1]', 'LOCALHOST']) {
      expect((await ask({ authorization, host: `${name}:${port}` })).status).toBe(200)
    }
  })

  const hostile: readonly (readonly [string, (port: number) => string])[] = [
    ['a foreign name', (own) => `evil.example:${own}`],
    ['a foreign name without port', () => 'evil.example'],
    ['our name without port', () => 'localhost'],
    ['our name at another port', (own) => `localhost:${own === 9 ? 8 : 9}`],
    ['a trailing dot', (own) => `localhost.:${own}`],
    ['a name that begins like ours', (own) => `localhost.evil.example:${own}`],
    ['a name that ends like ours', (own) => `evil.localhost:${own}`],
    ['user information', (own) => `localhost@evil.example:${own}`],
    ['another loopback address', (own) => `127.0.0.2:${own}`],
    ['an address as a number', (own) => `2130706433:${own}`],
    ['an unspecified address', (own) => `0.0.0.0:${own}`],
    ['a mapped address', (own) => `[::ffff:127.0.0.1]:${own}`],
    ['a port with a leading zero', (own) => `localhost:0${own}`],
    ['an empty name', (own) => `:${own}`],
  ]
  it.each(hostile)('refuses %s, with the token or without', async (_name, host) => {
    expect(await ask({ authorization, host: host(port) })).toEqual({
      status: 421,
      code: 'HOST_REJECTED',
    })
    expect((await ask({ host: host(port) })).code).toBe('HOST_REJECTED')
  })

  it('holds for the event stream and for routes that do not exist', async () => {
    for (const path of ['/api/events', '/api/nothing', '/']) {
      expect((await ask({ authorization, host: 'evil.example' }, path)).status).toBe(421)
    }
  })

  it('is not moved by forwarding headers', async () => {
    const forwarded = { 'x-forwarded-host': `localhost:${port}`, forwarded: 'host=localhost' }
    expect((await ask({ authorization, host: 'evil.example', ...forwarded })).status).toBe(421)
  })

  it('refuses two Host headers, and an absolute target that names another host', async () => {
    const own = `host: localhost:${port}`
    const token = `authorization: ${authorization}`
    const line = 'GET /api/downloads HTTP/1.1'
    expect(await askRaw([line, own, token])).toBe(200)
    expect(await askRaw([line, own, own, token])).toBeGreaterThanOrEqual(400)
    expect(await askRaw([line, own, 'host: evil.example', token])).toBeGreaterThanOrEqual(400)
    expect(await askRaw([line, token])).toBe(400)
    expect(await askRaw([line, 'host:', token])).toBe(421)
    const absolute = 'GET http://evil.example/api/downloads HTTP/1.1'
    expect(await askRaw([absolute, own, token])).toBe(421)
  })

  it('knows the address that a request came in by, bare at port 80 only', () => {
    const lan = ownAuthorities({ localAddress: '::ffff:192.168.1.5', localPort: 9465 }, [])
    expect([...lan]).toEqual(['192.168.1.5:9465'])
    const v6 = ownAuthorities({ localAddress: 'fd00::5', localPort: 80 }, ['box'])
    expect(v6).toEqual(new Set(['[fd00::5]', '[fd00::5]:80', 'box', 'box:80']))
    expect([...ownAuthorities({}, ['box'])]).toEqual(['localhost'])
  })
})

describe('the page check', () => {
  const own = (): { host: string; authorization: string } => ({
    host: `localhost:${port}`,
    authorization,
  })

  it('lets programs and the own page pass', async () => {
    expect((await ask(own())).status).toBe(200)
    expect((await ask({ ...own(), origin: `http://localhost:${port}` })).status).toBe(200)
    for (const site of ['none', 'same-origin']) {
      expect((await ask({ ...own(), 'sec-fetch-site': site })).status).toBe(200)
    }
  })

  it.each([
    'null',
    'http://evil.example',
    'http://localhost',
    'http://localhost:1',
    'https://localhost',
    'http://127.0.0.1:1',
    'file://',
    'chrome-extension://abcdef',
    '',
  ])('refuses the origin %j', async (origin) => {
    expect(await ask({ ...own(), origin })).toEqual({ status: 403, code: 'ORIGIN_REJECTED' })
  })

  it.each(['cross-site', 'same-site'])(
    'refuses a request that a browser calls %s',
    async (site) => {
      expect((await ask({ ...own(), 'sec-fetch-site': site })).code).toBe('ORIGIN_REJECTED')
    },
  )
})

describe('the token check', () => {
  it.each([
    ['no header', undefined],
    ['an empty token', 'Bearer '],
    ['another token', 'Bearer nope-nope-nope-nope'],
    ['the right token with something behind', `Bearer ${TOKEN}x`],
    ['another scheme', `Basic ${TOKEN}`],
    ['the bare token', TOKEN],
    ['the token of the socket, over TCP', `Bearer ${SOCKET_TOKEN}`],
  ])('refuses %s on every route', async (_name, value) => {
    const headers = {
      host: `localhost:${port}`,
      ...(value === undefined ? {} : { authorization: value }),
    }
    for (const path of [
      '/api/downloads',
      '/api/health',
      '/api/openapi.json',
      '/api/events',
      '/x',
    ]) {
      expect(await ask(headers, path)).toEqual({ status: 401, code: 'AUTH_REQUIRED' })
    }
  })

  it('is not moved by a token in the address', async () => {
    const path = `/api/downloads?token=${TOKEN}`
    expect((await ask({ host: `localhost:${port}` }, path)).status).toBe(401)
    expect(test.logged()).not.toContain(TOKEN)
  })
})
