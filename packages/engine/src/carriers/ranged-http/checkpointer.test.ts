import { manualClock } from '@windlass/testkit'
import { expect, it } from 'vitest'
import { Checkpointer } from './checkpointer.ts'

const MIB = 1024 * 1024

/** A checkpointer whose syncs end when the test says so. */
function create() {
  const clock = manualClock()
  const syncs: { done: () => void; fail: (error: Error) => void }[] = []
  const checkpointer = new Checkpointer({
    clock,
    async checkpoint(started) {
      started()
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      syncs.push({ done: resolve, fail: reject })
      await promise
    },
  })
  return { clock, syncs, checkpointer }
}

const isSettled = (promise: Promise<unknown>): Promise<boolean> =>
  Promise.race([
    promise.then(() => true),
    new Promise<boolean>((resolve) => setImmediate(() => resolve(false))),
  ])

it('syncs after 64 MiB, and not before', async () => {
  const { checkpointer, syncs } = create()
  for (let i = 0; i < 63; i++) await checkpointer.wrote(MIB)
  expect(syncs).toHaveLength(0)
  await checkpointer.wrote(MIB)
  expect(syncs).toHaveLength(1)
})

it('syncs a little that is old, in time for the 5 seconds', async () => {
  const { checkpointer, clock, syncs } = create()
  await checkpointer.wrote(1)
  await clock.advance(2_500)
  await checkpointer.wrote(1)
  expect(syncs).toHaveLength(1)
})

it('counts the age of unsynced bytes from the first of them, not from the last sync', async () => {
  const { checkpointer, clock, syncs } = create()
  await clock.advance(60_000)
  await checkpointer.wrote(1)
  expect(syncs).toHaveLength(0)
})

it('runs one sync at a time, and another one for what came meanwhile', async () => {
  const { checkpointer, syncs } = create()
  for (let i = 0; i < 200; i++) await checkpointer.wrote(MIB)
  expect(syncs).toHaveLength(1)
  const settled = checkpointer.settle({ all: true })
  syncs[0]?.done()
  await isSettled(settled)
  expect(syncs).toHaveLength(2)
  syncs[1]?.done()
  await settled
  await checkpointer.settle({ all: true })
  expect(syncs).toHaveLength(2)
})

it('holds the transfer while more is at risk than a power cut may cost', async () => {
  const { checkpointer, clock, syncs } = create()
  await checkpointer.wrote(64 * MIB)
  await clock.advance(5_001)
  const held = checkpointer.wrote(MIB)
  expect(await isSettled(held)).toBe(false)
  syncs[0]?.done()
  await held
})

it('does not hold a fast transfer for the number of its bytes alone', async () => {
  const { checkpointer, clock } = create()
  await checkpointer.wrote(64 * MIB)
  await clock.advance(4_000)
  await checkpointer.wrote(4_000 * MIB)
})

it('tells a failed sync to whoever writes next, and never tries to make it good', async () => {
  const { checkpointer, syncs } = create()
  await checkpointer.wrote(64 * MIB)
  const failure = new Error('EIO')
  syncs[0]?.fail(failure)
  await expect(checkpointer.settle({ all: true })).rejects.toBe(failure)
  await expect(checkpointer.wrote(1)).rejects.toBe(failure)
  expect(syncs).toHaveLength(1)
})
