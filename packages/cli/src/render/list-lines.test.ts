import { expect, it } from 'vitest'
import { sampleDownload } from '../testing/sample-download.ts'
import { listLines } from './list-lines.ts'

it('has a column for reasons only where there is one', () => {
  const moving = sampleDownload()
  expect(listLines([moving], { now: 0, width: null })).toEqual([
    'ID      State         %     Size     Speed  What',
    'a1b2c3  downloading  50  10.0 GB  100 MB/s  org/name',
  ])
  const reason = {
    code: 'DISK_FULL' as const,
    cause: 'disk' as const,
    message: 'There is not enough free space',
  }
  const blocked = sampleDownload({ state: 'blocked', reason })
  expect(listLines([blocked], { now: 0, width: null })[1]).toMatch(
    /org\/name {2}There is not enough free space$/,
  )
})

it('puts reasons below their rows where a line would not fit, broken between words', () => {
  const reason = {
    code: 'DISK_FULL',
    cause: 'disk',
    message: 'There is not enough free space on /data',
  } as const
  const blocked = sampleDownload({ state: 'blocked', reason })
  expect(listLines([blocked, sampleDownload({ state: 'paused' })], { now: 0, width: 40 })).toEqual([
    'ID      State     %     Size  What',
    'a1b2c3  blocked  50  10.0 GB  org/name',
    '  There is not enough free space on',
    '  /data',
    'a1b2c3  paused   50  10.0 GB  org/name',
  ])
})

it('is nothing at all for no downloads', () => {
  expect(listLines([], { now: 0, width: null })).toEqual([])
})
