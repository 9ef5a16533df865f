import { expect, test } from 'vitest'
import { manualClock } from './manual-clock.ts'

const live = new AbortController().signal

test('time stands still until it is moved', async () => {
  const clock = manualClock(1000)
  expect([clock.now(), clock.monotonicMs()]).toEqual([1000, 0])
  await clock.advance(500)
  expect([clock.now(), clock.monotonicMs()]).toEqual([1500, 500])
})

test('sleepers wake in order, each at its own time', async () => {
  const clock = manualClock(0)
  const woken: [string, number][] = []
  const sleep = async (name: string, ms: number): Promise<void> => {
    await clock.sleep(ms, { signal: live })
    woken.push([name, clock.now()])
  }
  const all = Promise.all([sleep('late', 300), sleep('early', 100), sleep('never yet', 301)])
  await clock.advance(300)
  expect(woken).toEqual([
    ['early', 100],
    ['late', 300],
  ])
  await clock.advance(1)
  await all
  expect(clock.waiting).toBe(0)
})

test('a sleeper that sleeps again within one advance wakes again', async () => {
  const clock = manualClock(0)
  const times: number[] = []
  const walker = (async (): Promise<void> => {
    for (let step = 0; step < 3; step++) {
      await clock.sleep(100, { signal: live })
      times.push(clock.now())
    }
  })()
  await clock.advance(300)
  await walker
  expect(times).toEqual([100, 200, 300])
})

test('an aborted sleep rejects with the reason and is forgotten', async () => {
  const clock = manualClock()
  const controller = new AbortController()
  const sleeping = clock.sleep(100, { signal: controller.signal })
  controller.abort('enough')
  await expect(sleeping).rejects.toBe('enough')
  await expect(clock.sleep(1, { signal: controller.signal })).rejects.toBe('enough')
  expect(clock.waiting).toBe(0)
})

test('ticks come until they are stopped, from inside a tick too', async () => {
  const clock = manualClock(0)
  const ticks: number[] = []
  const stop = clock.every(10, () => {
    ticks.push(clock.now())
    if (ticks.length === 3) stop()
  })
  await clock.advance(100)
  expect(ticks).toEqual([10, 20, 30])
  expect(clock.waiting).toBe(0)
})

test('a jump of the wall clock wakes nobody and leaves monotonic time alone', async () => {
  const clock = manualClock(0)
  const sleeping = clock.sleep(100, { signal: live })
  clock.jumpTo(1_000_000)
  await clock.advance(99)
  expect([clock.now(), clock.monotonicMs(), clock.waiting]).toEqual([1_000_099, 99, 1])
  await clock.advance(1)
  await sleeping
})

test('a test can wait until something sleeps', async () => {
  const clock = manualClock()
  const waiting = clock.untilWaiting(1)
  setImmediate(() => void clock.sleep(10, { signal: live }))
  await waiting
  expect(clock.waiting).toBe(1)
  await clock.advance(10)
})
