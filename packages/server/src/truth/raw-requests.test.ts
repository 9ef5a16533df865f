import { connect } from 'node:net'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { askServer } from '../testing/ask-server.ts'
import { OPERATOR_TOKEN, openTruthWorld, type TruthWorld } from '../testing/truth-world.ts'

let world: TruthWorld
beforeEach(async () => {
  world = await openTruthWorld(onTestFinished)
})

/** Sends bytes as they stand and returns the statuses of all answers, until the server hangs up. */
function sendRaw(bytes: string): Promise<readonly number[]> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(world.port, '127.0.0.1', () => socket.end(bytes, 'latin1'))
    socket.setEncoding('latin1')
    socket.on('data', (piece: string) => {
      text += piece
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // Hung up before all was sent.
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error)
    })
    socket.on('close', () =>
      resolve([...text.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status))),
    )
  })
}

const BODY = '{"ref":"org/evil","paused":true}'

/** Heads that no proper client sends; `own` is our Host, `token` the right one. */
const RAW: readonly (readonly [string, (own: string, token: string) => string])[] = [
  ['nothing', () => ''],
  ['line noise', () => '\u0000\u0001\u0002\r\n\r\n'],
  ['the preface of HTTP/2', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['the start of TLS', () => '\u0016\u0003\u0001\u0002\u0000\u0001'],
  ['an unknown version', (own, token) => `POST /api/downloads HTTP/9.9\r\n${own}${token}\r\n`],
  ['an unknown method', (own, token) => `EVIL /api/downloads HTTP/1.1\r\n${own}${token}\r\n`],
  [
    'CONNECT',
    (_own, token) => `CONNECT 127.0.0.1:80 HTTP/1.1\r\nhost: 127.0.0.1:80\r\n${token}\r\n`,
  ],
  ['no Host', (_own, token) => `${POST}${token}${JSON_BODY}`],
  ['two Hosts', (own, token) => `${POST}${own}host: evil.example\r\n${token}${JSON_BODY}`],
  ['the same Host twice', (own, token) => `${POST}${own}${own}${token}${JSON_BODY}`],
  [
    'another absolute address',
    (own, token) => `POST http://evil.example/api/downloads HTTP/1.1\r\n${own}${token}${JSON_BODY}`,
  ],
  [
    'a folded header',
    (own, token) => `${POST}${own}x: a\r\n b\r\n${token.trim()}x\r\n${JSON_BODY}`,
  ],
  [
    'a head of 80 KB',
    (own, token) => `${POST}${own}${token}x: ${'a'.repeat(80_000)}\r\n${JSON_BODY}`,
  ],
  ['two lengths', (own, token) => `${POST}${own}${token}content-length: 1\r\n${JSON_BODY}`],
  [
    'a length and chunks',
    (own, token) => `${POST}${own}${token}transfer-encoding: chunked\r\n${JSON_BODY}`,
  ],
  [
    'a length that is none',
    (own, token) =>
      `${POST}${own}${token}content-type: application/json\r\ncontent-length: -5\r\n\r\n${BODY}`,
  ],
  [
    'chunks of a length that is none',
    (own, token) =>
      `${POST}${own}${token}content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n${BODY}\r\n0\r\n\r\n`,
  ],
  ['a body that breaks off', (own, token) => `${POST}${own}${token}${JSON_BODY}`.slice(0, -5)],
  [
    'a WebSocket with a body',
    (own, token) =>
      `POST /ws HTTP/1.1\r\n${own}${token}connection: upgrade\r\nupgrade: websocket\r\n\r\n`,
  ],
]
const POST = 'POST /api/downloads HTTP/1.1\r\n'
const JSON_BODY = `content-type: application/json\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`

describe('a connection', () => {
  it.each(RAW)('with %s changes nothing, and harms nobody', async (_name, write) => {
    const before = await world.fingerprint()
    const own = `host: localhost:${world.port}\r\n`
    const statuses = await sendRaw(write(own, `authorization: Bearer ${OPERATOR_TOKEN}\r\n`))
    for (const status of statuses) {
      expect(status).toBeGreaterThanOrEqual(400)
      expect(status).toBeLessThan(500)
    }
    expect(await world.fingerprint()).toBe(before)
    const headers = { host: `localhost:${world.port}`, authorization: `Bearer ${OPERATOR_TOKEN}` }
    expect((await askServer(world.port, { path: '/api/health', headers })).status).toBe(200)
  })

  it('that is proper, sent the same way, is carried out', async () => {
    const head = `${POST}host: localhost:${world.port}\r\nauthorization: Bearer ${OPERATOR_TOKEN}\r\n`
    expect(await sendRaw(`${head}connection: close\r\n${JSON_BODY}`)).toEqual([201])
  })
})
