import { expect, it } from 'vitest'
import type { TransferUnit } from '../stores/store.ts'
import { progressOf, RunProgress } from './run-progress.ts'

function unit(key: string, sizeBytes: number, paths = [key]): TransferUnit {
  return { key, paths, file: { path: key, sizeBytes, digest: null, validator: null } }
}

it('counts shared bytes once and every file', () => {
  const shared = unit('a', 100, ['a', 'b/a'])
  const progress = new RunProgress([shared, unit('c', 50)], () => 0)
  progress.begin(shared)
  progress.received(shared, 40)
  expect(progress.snapshot()).toEqual({
    receivedBytes: 40,
    totalBytes: 150,
    filesDone: 0,
    filesTotal: 3,
  })
  progress.done(shared, { present: false })
  expect(progress.snapshot()).toMatchObject({ receivedBytes: 100, filesDone: 2 })
  expect(progress.outstandingBytes).toBe(50)
})

it('does not take bytes that were there before for speed', () => {
  let now = 0
  const big = unit('big', 1_000_000_000)
  const progress = new RunProgress([big], () => now)
  progress.begin(big)
  progress.received(big, 900_000_000)
  now = 1_000
  progress.received(big, 901_000_000)
  expect(progress.bytesPerSecond()).toBeLessThan(5_000_000)
  expect(progress.gainedBytes(big)).toBe(1_000_000)
})

it('goes back when bytes are thrown away', () => {
  const file = unit('f', 10)
  const progress = new RunProgress([file], () => 0)
  progress.begin(file)
  progress.received(file, 10)
  progress.received(file, 0)
  expect(progress.snapshot().receivedBytes).toBe(0)
})

it('knows when only verification is left', () => {
  const [one, two] = [unit('1', 1), unit('2', 1)]
  const progress = new RunProgress([one, two], () => 0)
  progress.enter(one, 'verifying')
  expect(progress.allReceived).toBe(false)
  progress.done(two, { present: true })
  expect(progress.allReceived).toBe(true)
})

it('hands out each change once', () => {
  const one = unit('1', 1)
  const progress = new RunProgress([one, unit('2', 1)], () => 0)
  progress.begin(one)
  expect(progress.takeChanges().map((file) => file.path)).toEqual(['1'])
  expect(progress.takeChanges()).toEqual([])
})

it('shows an empty download as done only when its files are', () => {
  const empty = { receivedBytes: 0, totalBytes: 0, filesTotal: 1 }
  expect(progressOf({ ...empty, filesDone: 0 }, 0).percent).toBe(0)
  expect(progressOf({ ...empty, filesDone: 1 }, 0).percent).toBe(100)
})

it('never shows 100 % before the last byte', () => {
  const almost = { receivedBytes: 399_999_999_999, totalBytes: 400e9, filesDone: 0, filesTotal: 1 }
  expect(progressOf(almost, 0).percent).toBe(99.9)
})
