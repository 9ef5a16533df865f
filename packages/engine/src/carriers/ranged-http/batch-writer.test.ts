import { manualClock } from '@windlass/testkit'
import { expect, it } from 'vitest'
import { BatchWriter } from './batch-writer.ts'

const KIB = 1024
const CHUNK_BYTES = 64 * KIB
const chunk = (): Buffer => Buffer.alloc(CHUNK_BYTES)

/** A writer into a part file whose writes end when the test says so. */
function create(start = 0) {
  const clock = manualClock()
  const writes: {
    at: number
    bytes: number
    count: number
    done: () => void
    fail: (e: Error) => void
  }[] = []
  const part = {
    async write(at: number, buffers: readonly Buffer[], bytes: number): Promise<void> {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      writes.push({ at, bytes, count: buffers.length, done: resolve, fail: reject })
      await promise
    },
  }
  return { clock, writes, writer: new BatchWriter({ part, clock, start }) }
}

it('writes many chunks at once, each batch behind the one before', async () => {
  const { writer, writes } = create(1000)
  for (let i = 0; i < 6; i++) expect(writer.push(chunk())).toBeNull()
  expect(writer.push(chunk())).toBeNull()
  const flushed = writer.flush()
  writes[0]?.done()
  await new Promise(setImmediate)
  writes[1]?.done()
  await flushed
  expect(writes).toMatchObject([
    { at: 1000, bytes: 384 * KIB, count: 6 },
    { at: 1000 + 384 * KIB, bytes: 64 * KIB, count: 1 },
  ])
})

it('holds less than 1 MiB that is not recorded yet, and asks to wait beyond', async () => {
  const { writer, writes } = create()
  let taken = 0
  let wait: Promise<void> | null = null
  while (wait === null) {
    wait = writer.push(chunk())
    taken += CHUNK_BYTES
  }
  expect(taken).toBeLessThan(1024 * KIB)
  expect(writes).toHaveLength(1)
  writes[0]?.done()
  await wait
  expect(writes).toHaveLength(2)
})

it('writes a little of a slow line several times a second', async () => {
  const { writer, writes, clock } = create()
  expect(writer.push(Buffer.alloc(10))).toBeNull()
  expect(writes).toHaveLength(0)
  await clock.advance(250)
  expect(writer.push(Buffer.alloc(10))).toBeNull()
  expect(writes).toMatchObject([{ at: 0, bytes: 20 }])
})

it('tells of a failed write at the next occasion, and writes nothing behind it', async () => {
  const { writer, writes } = create()
  for (let i = 0; i < 6; i++) expect(writer.push(chunk())).toBeNull()
  const failure = new Error('ENOSPC')
  writes[0]?.fail(failure)
  await new Promise(setImmediate)
  await expect(writer.push(chunk())).rejects.toBe(failure)
  await expect(writer.flush()).rejects.toBe(failure)
  expect(writes).toHaveLength(1)
})
