import { describe, expect, it } from 'vitest'
import { restMs } from './rest-ms.ts'

const NOW = Date.UTC(2026, 9, 1, 12, 0, 0)
const rest = (status: number, headers: Record<string, string>) =>
  restMs({ url: new URL('https://h/'), status, headers }, NOW)

describe('Retry-After', () => {
  it.each([
    ['7', 7000],
    ['0', 1000],
    ['86400', 86_400_000],
    ['99999999999999999999', 86_400_000],
    ['Thu, 01 Oct 2026 12:00:30 GMT', 30_000],
    ['Thursday, 01-Oct-26 12:00:30 GMT', 30_000],
    ['Thu Oct  1 12:00:30 2026', 30_000],
    ['Thu, 01 Oct 2026 11:00:00 GMT', 1000],
  ])('%s asks for %d ms', (value, ms) => {
    expect(rest(429, { 'retry-after': value })).toBe(ms)
    expect(rest(503, { 'retry-after': value })).toBe(ms)
  })

  it.each(['-5', '1e99', '1.5', 'soon', '', 'Oct 1 2026', 'Thu, 99 Foo 2026'])(
    '%s is no time',
    (value) => {
      expect(rest(429, { 'retry-after': value })).toBeNull()
    },
  )

  it('counts a date from the clock of the host', () => {
    const headers = {
      date: 'Wed, 30 Sep 2026 00:00:00 GMT',
      'retry-after': 'Wed, 30 Sep 2026 00:00:20 GMT',
    }
    expect(rest(429, headers)).toBe(20_000)
  })

  it('means nothing on an answer that is no refusal', () => {
    expect(rest(200, { 'retry-after': '7' })).toBeNull()
    expect(rest(404, { 'retry-after': '7' })).toBeNull()
  })
})

describe("the Hub's RateLimit", () => {
  it('asks to wait until an empty bucket is filled, and a second more', () => {
    expect(rest(429, { ratelimit: '"resolvers";r=0;t=55' })).toBe(56_000)
    expect(rest(429, { ratelimit: '"api"; r=0; t=55' })).toBe(56_000)
  })

  it('means nothing while the bucket holds something, or on other answers', () => {
    expect(rest(429, { ratelimit: '"pages";r=12;t=55' })).toBeNull()
    expect(rest(200, { ratelimit: '"pages";r=0;t=55' })).toBeNull()
    expect(rest(429, { ratelimit: '"api";r=0;t=x' })).toBeNull()
    expect(rest(429, { ratelimit: 'nonsense' })).toBeNull()
  })

  it('gives way to a longer Retry-After', () => {
    expect(rest(429, { ratelimit: '"api";r=0;t=5', 'retry-after': '60' })).toBe(60_000)
  })
})
