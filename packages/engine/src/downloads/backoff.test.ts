import { expect, it } from 'vitest'
import { WindlassError } from '../errors/windlass-error.ts'
import { backoffMs, RETRY_BACKOFF } from './backoff.ts'

const deps = (random: number) => ({ now: () => 1_000, random: () => random })
const plain = new WindlassError('NET_RESET')

it('doubles its ceiling up to the cap', () => {
  const ceilings = [1, 2, 3, 6, 7, 50].map((attempt) =>
    backoffMs(RETRY_BACKOFF, attempt, plain, deps(1)),
  )
  expect(ceilings).toEqual([1_000, 2_000, 4_000, 32_000, 60_000, 60_000])
})

it('spreads the attempts over the whole range', () => {
  expect(backoffMs(RETRY_BACKOFF, 3, plain, deps(0))).toBe(0)
  expect(backoffMs(RETRY_BACKOFF, 3, plain, deps(0.5))).toBe(2_000)
})

it('waits at least as long as the host asks', () => {
  const asked = new WindlassError('HTTP_RATE_LIMITED', { retryAt: 91_000 })
  expect(backoffMs(RETRY_BACKOFF, 1, asked, deps(0))).toBe(90_000)
  expect(backoffMs(RETRY_BACKOFF, 1, asked, deps(0.5))).toBe(90_250)
})

it('hardly waits after an attempt that brought bytes', () => {
  expect(backoffMs(RETRY_BACKOFF, 0, plain, deps(1))).toBe(250)
})

it('gives whole milliseconds, because that is what the database stores', () => {
  for (const random of [0.1234567, 0.5000001, 0.9999999]) {
    for (const attempt of [0, 1, 4]) {
      const pause = backoffMs(RETRY_BACKOFF, attempt, plain, deps(random))
      expect(Number.isInteger(pause)).toBe(true)
    }
  }
})
