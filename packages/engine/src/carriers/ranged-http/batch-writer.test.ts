import { manualClock } from '@windlass/testkit'
import { expect, it } from 'vitest'
import { BatchWriter } from './batch-writer.ts'
import { BufferPool } from './buffer-pool.ts'

const KIB = 1024
/** What one buffer holds. */
const FULL = new BufferPool().take().length
const PIECE = 64 * KIB

/** A writer into a part file whose writes end when the test says so. */
function create(start = 0) {
  const clock = manualClock()
  const buffers = new BufferPool()
  const writes: {
    at: number
    bytes: number
    first: number
    done: () => void
    fail: (e: Error) => void
  }[] = []
  const part = {
    async write(at: number, pieces: readonly Buffer[], bytes: number): Promise<void> {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      expect(pieces.reduce((sum, piece) => sum + piece.length, 0)).toBe(bytes)
      writes.push({ at, bytes, first: pieces[0]?.[0] ?? -1, done: resolve, fail: reject })
      await promise
      // Nobody reads anything else into them before they are written.
      expect(writes.find((one) => one.at === at)?.first).toBe(pieces[0]?.[0])
    },
  }
  const writer = new BatchWriter({ part, clock, buffers, start })
  return { clock, buffers, writes, writer, push: (bytes: number) => push(writer, bytes) }
}

/** Puts bytes where the writer wants them, as a connection does. */
function push(writer: BatchWriter, bytes: number, value = 0): Promise<void> | null {
  let wait: Promise<void> | null = null
  for (let left = bytes; left > 0; ) {
    const room = writer.room().subarray(0, left)
    room.fill(value)
    left -= room.length
    wait = writer.filled(room.length) ?? wait
  }
  return wait
}

it('writes a buffer when it is full, each behind the one before', async () => {
  const { writer, writes, push, buffers } = create(1000)
  expect(push(FULL)).toBeNull()
  expect(push(PIECE)).toBeNull()
  const flushed = writer.flush()
  writes[0]?.done()
  await new Promise(setImmediate)
  writes[1]?.done()
  await flushed
  expect(writes).toMatchObject([
    { at: 1000, bytes: FULL },
    { at: 1000 + FULL, bytes: PIECE },
  ])
  expect(buffers.lent).toBe(0)
})

it('holds less than 768 KiB that is not written yet, and asks to wait beyond', async () => {
  const { writes, push } = create()
  let taken = 0
  let wait: Promise<void> | null = null
  while (wait === null) {
    wait = push(PIECE)
    taken += PIECE
  }
  expect(taken).toBeLessThan(768 * KIB)
  expect(writes).toHaveLength(1)
  writes[0]?.done()
  await wait
  expect(writes).toHaveLength(2)
})

it('leaves alone the buffer into which is read while it waits', async () => {
  const { writer, writes, buffers } = create()
  expect(push(writer, FULL, 1)).toBeNull()
  const wait = push(writer, FULL, 2)
  // The next read has its place already, and ends when the one before it is written.
  const room = writer.room()
  writes[0]?.done()
  await wait
  room.fill(3)
  expect(writer.filled(room.length)).not.toBeNull()
  writes[1]?.done()
  await new Promise(setImmediate)
  writes[2]?.done()
  await writer.flush()
  expect(writes.map(({ at, bytes, first }) => ({ at, bytes, first }))).toEqual([
    { at: 0, bytes: FULL, first: 1 },
    { at: FULL, bytes: FULL, first: 2 },
    { at: 2 * FULL, bytes: FULL, first: 3 },
  ])
  expect(buffers.lent).toBe(0)
})

it('writes a little of a slow line several times a second', async () => {
  const { push, writes, clock } = create()
  expect(push(10)).toBeNull()
  expect(writes).toHaveLength(0)
  await clock.advance(250)
  expect(push(10)).toBeNull()
  expect(writes).toMatchObject([{ at: 0, bytes: 20 }])
})

it('tells of a failed write at the next occasion, and writes nothing behind it', async () => {
  const { writer, push, writes, buffers } = create()
  expect(push(FULL)).toBeNull()
  const failure = new Error('ENOSPC')
  writes[0]?.fail(failure)
  await new Promise(setImmediate)
  await expect(push(PIECE)).rejects.toBe(failure)
  await expect(writer.flush()).rejects.toBe(failure)
  expect(writes).toHaveLength(1)
  expect(buffers.lent).toBe(0)
})
