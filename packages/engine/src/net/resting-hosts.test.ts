import { manualClock } from '@windlass/testkit'
import { expect, it } from 'vitest'
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
