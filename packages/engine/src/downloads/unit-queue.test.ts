import { manualClock } from '@windlass/testkit'
import { assert, expect, it } from 'vitest'
import { WindlassError } from '../errors/windlass-error.ts'
import { StopRequest } from '../runtime/stop-request.ts'
import type { TransferUnit } from '../stores/store.ts'
import { UnitQueue } from './unit-queue.ts'

const file = { path: 'f', sizeBytes: 1, digest: null, validator: null }
const unit = (key: string): TransferUnit => ({ key, paths: [key], file })
const reset = new WindlassError('NET_RESET')
let random = 0
const open = (...keys: string[]) => {
  const clock = manualClock()
  const queue = new UnitQueue(keys.map(unit), {
    clock,
    random: () => random,
    longestSleepMs: 5_000,
  })
  const controller = new AbortController()
  return { clock, queue, controller, take: () => queue.take({ signal: controller.signal }) }
}

it('hands out units in order and then says that all are done', async () => {
  const { queue, take } = open('a', 'b')
  expect((await take())?.key).toBe('a')
  expect((await take())?.key).toBe('b')
  queue.done()
  queue.done()
  expect(await take()).toBeNull()
})

it('gives a failed unit back when its pause is over, and not earlier', async () => {
  const { clock, queue, take } = open('a')
  const first = await take()
  assert(first)
  queue.retryLater(first, clock.now() + 3_000, reset)
  let second: TransferUnit | null | undefined
  const taking = take().then((taken) => {
    second = taken
  })
  await clock.untilWaiting(1)
  await clock.advance(2_999)
  expect(second).toBeUndefined()
  await clock.advance(1)
  await taking
  expect(second?.key).toBe('a')
})

it('does not sleep through a pause that is worth a state of its own', async () => {
  const { clock, queue, take } = open('a')
  const first = await take()
  assert(first)
  const retryAt = clock.now() + 60_000
  queue.retryLater(first, retryAt, reset)
  await expect(take()).rejects.toMatchObject({ code: 'NET_RESET', retryAt })
})

it('lets the others go on while one waits long', async () => {
  const { clock, queue, take } = open('a', 'b')
  const first = await take()
  assert(first)
  queue.retryLater(first, clock.now() + 60_000, reset)
  expect((await take())?.key).toBe('b')
})

it('wakes a waiting worker when the last unit in flight is done', async () => {
  const { clock, queue, take } = open('a')
  await take()
  const idle = take()
  await clock.untilWaiting(1)
  queue.done()
  expect(await idle).toBeNull()
})

it('stops waiting with the reason it was given', async () => {
  const { clock, controller, take } = open('a')
  await take()
  const idle = take()
  await clock.untilWaiting(1)
  const reason = new StopRequest('pause')
  controller.abort(reason)
  await expect(idle).rejects.toBe(reason)
})

it('hands out nothing at all while the host rests, and tells of it once', async () => {
  const { clock, queue, take } = open('a', 'b')
  const first = await take()
  assert(first)
  const until = clock.now() + 2_000
  expect(queue.holdAll(until, reset)).toBe(true)
  expect(queue.holdAll(until, reset)).toBe(false)
  queue.retryLater(first, until, reset)
  const taking = take()
  await clock.untilWaiting(1)
  await clock.advance(1_999)
  expect(clock.waiting).toBe(1)
  await clock.advance(1)
  expect((await taking)?.key).toBe('b')
})

it('comes back from a rest of the host a little later than asked, never earlier', async () => {
  random = 0.5
  const { clock, queue, take } = open('a', 'b')
  await take()
  queue.holdAll(clock.now() + 2_000, reset)
  random = 0
  const taking = take()
  await clock.untilWaiting(1)
  await clock.advance(2_249)
  expect(clock.waiting).toBe(1)
  await clock.advance(1)
  expect((await taking)?.key).toBe('b')
})

it('makes a long rest of the host a state of its own', async () => {
  const { clock, queue, take } = open('a', 'b')
  const first = await take()
  assert(first)
  const retryAt = clock.now() + 55_000
  queue.holdAll(retryAt, reset)
  queue.retryLater(first, retryAt, reset)
  await expect(take()).rejects.toMatchObject({ retryAt })
})
