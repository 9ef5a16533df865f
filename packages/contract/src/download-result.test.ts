import { expect, it } from 'vitest'
import { Download } from './download.ts'
import { resultOf } from './download-result.ts'
import { isOver } from './download-state.ts'

const COMPLETE = Download.parse({
  id: 'a',
  ref: 'org/name',
  source: 'huggingface',
  title: 'org/name',
  state: 'completed',
  progress: {
    receivedBytes: 100,
    totalBytes: 100,
    percent: 100,
    bytesPerSecond: 0,
    etaSeconds: null,
    filesDone: 2,
    filesTotal: 2,
  },
  revision: 'c0ffee',
  destination: '/cache/x',
  priority: 0,
  result: { path: '/cache/x', sizeBytes: 100, verified: true },
  attempts: 1,
  createdAt: 1,
  startedAt: 2,
  finishedAt: 3,
  elapsedSeconds: 4,
  actions: ['forget'],
  files: [
    { path: 'a', sizeBytes: 20, receivedBytes: 20, state: 'done', present: true },
    { path: 'b', sizeBytes: 80, receivedBytes: 80, state: 'done', present: false },
  ],
})

it('says what was there before, and how quickly the rest came', () => {
  expect(resultOf(COMPLETE)).toMatchObject({
    path: '/cache/x',
    revision: 'c0ffee',
    sizeBytes: 100,
    presentBytes: 20,
    filesPresent: 1,
    filesTotal: 2,
    averageBytesPerSecond: 20,
    verified: true,
    attempts: 1,
    elapsedSeconds: 4,
  })
  expect(resultOf({ ...COMPLETE, elapsedSeconds: 0 })?.averageBytesPerSecond).toBeNull()
})

it('is no result as long as the download is not complete', () => {
  expect(resultOf({ ...COMPLETE, state: 'failed' })).toBeNull()
  const { result, ...withoutPlace } = COMPLETE
  expect(result).toBeDefined()
  expect(resultOf(withoutPlace)).toBeNull()
})

it('waits for what goes on by itself, and for nothing else', () => {
  const over = ['completed', 'failed', 'cancelled', 'paused', 'blocked'] as const
  const going = ['queued', 'resolving', 'downloading', 'verifying', 'waiting'] as const
  expect(over.every((state) => isOver({ state }))).toBe(true)
  expect(going.some((state) => isOver({ state }))).toBe(false)
})
