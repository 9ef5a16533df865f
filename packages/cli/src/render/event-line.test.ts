import type { WindlassEvent } from '@windlass/contract'
import { expect, it } from 'vitest'
import { sampleDownload } from '../testing/sample-download.ts'
import { eventLine, progressLine } from './event-line.ts'

const download = sampleDownload()
const id = download.id

function changed(
  to: 'waiting' | 'completed' | 'resolving' | 'failed',
  more: object = {},
): WindlassEvent {
  const now = sampleDownload({ state: to, ...more })
  const { reason } = now
  return {
    seq: 1,
    at: 1000,
    type: 'download.state-changed',
    data: {
      id,
      from: 'downloading',
      to,
      download: now,
      ...(reason === undefined ? {} : { reason }),
    },
  }
}

it('tells each fact in one line', () => {
  const lines = [
    { seq: 1, at: 0, type: 'download.created', data: { download } } as const,
    {
      seq: 2,
      at: 0,
      type: 'download.resolved',
      data: { id, revision: null, filesTotal: 26, totalBytes: 5.6e9 },
    } as const,
    {
      seq: 3,
      at: 0,
      type: 'download.file-completed',
      data: { id, path: 'a.bin', sizeBytes: 4.4e9, present: false },
    } as const,
    {
      seq: 4,
      at: 0,
      type: 'download.file-completed',
      data: { id, path: 'b.bin', sizeBytes: 1, present: true },
    } as const,
  ].map((event) => eventLine(event, download))
  expect(lines).toEqual([
    'org/name: accepted as a1b2c3',
    'org/name: 26 files, 5.6 GB',
    'org/name: a.bin done, 4.4 GB',
    'org/name: b.bin was already there',
  ])
})

it('tells when a wait ends', () => {
  const reason = {
    code: 'HTTP_RATE_LIMITED',
    message: 'The host asked us to slow down',
    retryAt: 61_000,
  }
  expect(eventLine(changed('waiting', { reason }), download)).toBe(
    'org/name: waiting 1 min 00 s: The host asked us to slow down',
  )
})

it('tells whether what is complete was verified', () => {
  const result = { path: '/x', sizeBytes: 10e9, verified: true }
  expect(eventLine(changed('completed', { result }), download)).toBe(
    'org/name: complete, 10.0 GB in 4 files, verified',
  )
})

it('is silent about steps that nobody waits for, and about strangers', () => {
  expect(eventLine(changed('resolving'), download)).toBeNull()
  expect(eventLine(changed('failed'), undefined)).toBeNull()
})

it('sums up a slow download', () => {
  expect(progressLine(download)).toBe('org/name: 5.0 of 10.0 GB, 100 MB/s, 50 s left')
})
