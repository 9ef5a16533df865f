import { manualClock } from '@windlass/testkit'
import { describe, expect, it } from 'vitest'
import { createRestingHosts } from './resting-hosts.ts'

const refusal = (url: string, seconds: string) => ({
  url: new URL(url),
  status: 429,
  headers: { 'retry-after': seconds },
})

it('keeps the longer of two rests', async () => {
  const clock = manualClock()
  const hosts = createRestingHosts(clock)
  const until = clock.now() + 60_000
  expect(hosts.note(refusal('https://h/a', '60'))).toBe(until)
  expect(hosts.note(refusal('https://h/b', '5'))).toBe(until)
  await clock.advance(59_000)
  expect(() => hosts.refuse(new URL('https://h/c'))).toThrowError(
    expect.objectContaining({ code: 'HTTP_RATE_LIMITED', retryAt: until }),
  )
  await clock.advance(1000)
  hosts.refuse(new URL('https://h/c'))
})

it('leaves every other origin alone, and forgets nothing by looking at it', () => {
  const hosts = createRestingHosts(manualClock())
  hosts.note(refusal('https://h/', '60'))
  for (const url of ['http://h/', 'https://h:8443/', 'https://g/']) hosts.refuse(new URL(url))
  expect(() => hosts.refuse(new URL('https://h/'))).toThrowError()
  expect(() => hosts.refuse(new URL('https://h/'))).toThrowError()
})

it('does not end or grow when the machine is set to another time', async () => {
  const clock = manualClock()
  const hosts = createRestingHosts(clock)
  hosts.note(refusal('https://h/', '60'))
  clock.jumpTo(clock.now() + 86_400_000)
  expect(() => hosts.refuse(new URL('https://h/'))).toThrowError()
  clock.jumpTo(clock.now() - 2 * 86_400_000)
  await clock.advance(60_000)
  hosts.refuse(new URL('https://h/'))
})

it('begins no rest when the host named no time', () => {
  const hosts = createRestingHosts(manualClock())
  const head = { url: new URL('https://h/'), status: 429, headers: {} }
  expect(hosts.note(head)).toBeNull()
  hosts.refuse(head.url)
})

describe('a quota of the Hub that is used up', () => {
  const empty = (name: string, seconds: number) => ({
    url: new URL('https://hub/org/name/resolve/main/a'),
    status: 302,
    headers: { ratelimit: `"${name}";r=0;t=${seconds}` },
  })
  const code = { code: 'HTTP_RATE_LIMITED' }

  it('makes the requests rest that count in it, and no others, until it is filled', async () => {
    const clock = manualClock()
    const hosts = createRestingHosts(clock)
    hosts.watch(empty('resolvers', 55))
    const resting = [
      'https://hub/org/name/resolve/main/b',
      'https://hub/api/resolve-cache/models/org/name/x/b',
    ]
    const free = ['https://hub/api/models/org/name', 'https://hub/', 'https://cdn/resolve/x']
    for (const url of resting) {
      expect(() => hosts.refuse(new URL(url))).toThrowError(
        expect.objectContaining({ ...code, retryAt: clock.now() + 56_000 }),
      )
    }
    for (const url of free) hosts.refuse(new URL(url))
    await clock.advance(55_999)
    expect(() => hosts.refuse(new URL(resting[0] ?? ''))).toThrowError()
    await clock.advance(1)
    for (const url of resting) hosts.refuse(new URL(url))
  })

  it.each([
    ['something is left', '"api";r=1;t=55'],
    ['no quota of the Hub is named', '"default";r=0;t=55'],
    ['the time makes no sense', '"api";r=0;t=-5'],
    ['it is no such header', 'limit=0'],
  ])('means nothing when %s', (_why, ratelimit) => {
    const hosts = createRestingHosts(manualClock())
    hosts.watch({ url: new URL('https://hub/api/x'), status: 200, headers: { ratelimit } })
    hosts.refuse(new URL('https://hub/api/x'))
  })
})

describe('a person who wants it now', () => {
  it('cuts a rest short once; what the host says then stands', async () => {
    const clock = manualClock()
    const hosts = createRestingHosts(clock)
    const url = new URL('https://h/')
    hosts.note(refusal('https://h/', '3600'))
    hosts.cutShort()
    hosts.refuse(url)
    hosts.note(refusal('https://h/', '3600'))
    hosts.cutShort()
    expect(() => hosts.refuse(url)).toThrowError()
    await clock.advance(3_600_000)
    hosts.refuse(url)
    // A rest that begins when the one that was cut would be over is another one.
    hosts.note(refusal('https://h/', '60'))
    hosts.cutShort()
    hosts.refuse(url)
  })
})
