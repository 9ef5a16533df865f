import { Secret } from '@windlass/engine'
import { beforeEach, describe, expect, it } from 'vitest'
import { ManualTicks } from '../testing/manual-ticks.ts'
import { MemoryEngine } from '../testing/memory-engine.ts'
import { clientOf } from './arrival.ts'
import { GuessLimit } from './guess-limit.ts'
import { type Access, openAccess } from './open-access.ts'
import { hashOf } from './secret-hash.ts'
import { SingleUseCodes } from './single-use-codes.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

let clock: ManualTicks
let engine: MemoryEngine
beforeEach(() => {
  clock = new ManualTicks()
  engine = new MemoryEngine()
})

const open = (token: string, socketToken: string | null = null): Promise<Access> =>
  openAccess({
    store: engine.access,
    clock,
    token: new Secret(token),
    socketToken: socketToken === null ? null : new Secret(socketToken),
  })

describe('what the database knows of tokens and sessions', () => {
  it('is their digests', async () => {
    const { sessions } = await open('main-canary', 'socket-canary')
    const { secret } = await sessions.open()
    const stored = JSON.stringify([...engine.keys.values()])
    for (const canary of ['main-canary', 'socket-canary', secret]) {
      expect(stored).not.toContain(canary)
      expect(stored).toContain(hashOf(canary))
    }
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32)
  })

  it('is dropped for a token that is not in use and gave no session', async () => {
    await open('first')
    await open('second')
    expect([...engine.keys.keys()]).toEqual([hashOf('second')])
  })
})

describe('the tokens', () => {
  it('open what they are for', async () => {
    const { keys } = await open('main', 'socket')
    expect(['main', 'socket', 'mai', 'mainx', ''].map((one) => keys.matches(one, 'tcp'))).toEqual([
      true,
      false,
      false,
      false,
      false,
    ])
    expect(keys.matches('socket', 'socket')).toBe(true)
    expect(keys.matches('main', 'socket')).toBe(true)
  })
})

describe('a session', () => {
  it('holds over a restart, for thirty days, until it is ended', async () => {
    const { secret } = await (await open('main')).sessions.open()
    const { sessions } = await open('main')
    expect(await sessions.find(secret)).toMatchObject({ hash: hashOf(secret) })
    clock.advance(30 * DAY_MS - 1)
    expect(await sessions.find(secret)).not.toBeNull()
    clock.advance(1)
    expect(await sessions.find(secret)).toBeNull()
    const second = await sessions.open()
    expect(engine.keys.has(hashOf(secret)), 'one that is over is dropped').toBe(false)
    const ended: string[] = []
    sessions.onEnd((hash) => ended.push(hash))
    await sessions.end(hashOf(second.secret))
    expect(await sessions.find(second.secret)).toBeNull()
    expect(ended).toEqual([hashOf(second.secret)])
  })

  it('ends with the token that it was given for, and holds again when that one is back', async () => {
    const { secret } = await (await open('before')).sessions.open()
    expect(await (await open('after')).sessions.find(secret)).toBeNull()
    expect(await (await open('before')).sessions.find(secret)).not.toBeNull()
  })

  it('is one of 64: the oldest makes room', async () => {
    const { sessions } = await open('main')
    const all = []
    for (let n = 0; n < 65; n++) all.push((await sessions.open()).secret)
    const found = await Promise.all(all.map((secret) => sessions.find(secret)))
    expect(found.map((session) => session !== null)).toEqual([false, ...Array(64).fill(true)])
  })

  it('is not what a token is', async () => {
    const { sessions } = await open('main')
    expect(await sessions.find('main')).toBeNull()
  })
})

describe('a code', () => {
  it('works once, for its purpose, in its time', () => {
    const codes = new SingleUseCodes(clock)
    const { code, expiresAt } = codes.issue('ticket')
    expect(expiresAt).toBe(clock.now() + 30_000)
    expect(codes.redeem('sign-in', code)).toBe(false)
    expect(codes.redeem('ticket', code)).toBe(true)
    expect(codes.redeem('ticket', code)).toBe(false)
    const late = codes.issue('ticket').code
    clock.advance(30_000)
    expect(codes.redeem('ticket', late)).toBe(false)
    expect(codes.redeem('ticket', '')).toBe(false)
  })

  it('is one of a thousand', () => {
    const codes = new SingleUseCodes(clock)
    const first = codes.issue('sign-in').code
    const second = codes.issue('sign-in').code
    for (let n = 0; n < 999; n++) codes.issue('sign-in')
    expect(codes.redeem('sign-in', first)).toBe(false)
    expect(codes.redeem('sign-in', second)).toBe(true)
  })
})

describe('guessing', () => {
  const guess = (limit: GuessLimit, times: number, client = 'a'): void => {
    for (let n = 0; n < times; n++) limit.count(client)
  }
  const pauseMs = (limit: GuessLimit, client = 'a'): number => {
    try {
      limit.requireRoom(client)
      return 0
    } catch (error) {
      return (error as { retryAt: number }).retryAt - clock.now()
    }
  }

  it('is refused for a minute after ten wrong ones, then for two, up to a quarter of an hour', () => {
    const limit = new GuessLimit(clock)
    const pauses: number[] = []
    for (let round = 0; round < 6; round++) {
      guess(limit, 9)
      expect(pauseMs(limit)).toBe(0)
      guess(limit, 1)
      pauses.push(pauseMs(limit) / MINUTE_MS)
      clock.advance(pauseMs(limit))
    }
    expect(pauses).toEqual([1, 2, 4, 8, 15, 15])
    clock.advance(15 * MINUTE_MS)
    guess(limit, 10)
    expect(pauseMs(limit)).toBe(MINUTE_MS)
  })

  it('is counted for each client by itself, within a minute, until a right one', () => {
    const limit = new GuessLimit(clock)
    guess(limit, 10)
    expect(pauseMs(limit, 'b')).toBe(0)
    guess(limit, 9, 'b')
    clock.advance(MINUTE_MS)
    guess(limit, 9, 'b')
    expect(pauseMs(limit, 'b')).toBe(0)
    limit.forgive('b')
    guess(limit, 9, 'b')
    expect(pauseMs(limit, 'b')).toBe(0)
  })

  it('remembers ten thousand clients', () => {
    const limit = new GuessLimit(clock)
    guess(limit, 10, 'first')
    for (let n = 0; n < 10_000; n++) guess(limit, 1, `c${n}`)
    expect(pauseMs(limit, 'first')).toBe(0)
  })
})

describe('a client', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::'],
    ['2001:db8:1:2::9', '2001:db8:1:2::'],
    ['2001:db8::9', '2001:db8:0:0::'],
    ['::1', '0:0:0:0::'],
    ['fe80::1:2%eth0', 'fe80:0:0:0::'],
  ])('at %s is %s', (remoteAddress, client) => {
    expect(clientOf({ remoteAddress, localPort: 1 })).toBe(client)
  })

  it('on the Unix socket is nobody to be limited', () => {
    expect(clientOf({ remoteAddress: undefined, localPort: undefined })).toBeNull()
  })
})
