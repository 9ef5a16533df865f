import { expect, it } from 'vitest'
import { plainPaint } from '../render/paint.ts'
import { sampleDownload } from '../testing/sample-download.ts'
import { summaryLines } from './summary-lines.ts'

const item = { request: { ref: 'org/name' }, id: 'a1b2c3' }
const paused = sampleDownload({ state: 'paused' })
const options = { find: () => paused, paint: plainPaint, args: ['org/name', '--include', '*.json'] }

it('says how to go on with the same command where nobody else does the work', () => {
  expect(summaryLines({ items: [item], end: 'paused', role: 'owner' }, options)).toEqual([
    'org/name: paused. Everything received is kept: 5.0 of 10.0 GB.',
    "Go on with: windlass pull org/name --include '*.json'",
  ])
})

it('says how to let another Windlass go on', () => {
  const lines = summaryLines({ items: [item], end: 'paused', role: 'guest' }, options)
  expect(lines.at(-1)).toBe('Go on with: windlass resume a1b2c3')
})

it('says that what a person must mend is kept', () => {
  const reason = {
    code: 'HTTP_GATED' as const,
    cause: 'person' as const,
    message: 'Access must be granted',
    hint: 'Ask for it.',
  }
  const find = () => sampleDownload({ state: 'blocked', reason })
  expect(
    summaryLines({ items: [item], end: 'settled', role: 'owner' }, { ...options, find }),
  ).toEqual([
    'error: org/name: Access must be granted',
    'hint: Ask for it.',
    'Everything received is kept: 5.0 of 10.0 GB.',
  ])
})

it('says nothing about what went well', () => {
  const find = () => sampleDownload({ state: 'completed' })
  expect(
    summaryLines({ items: [item], end: 'settled', role: 'owner' }, { ...options, find }),
  ).toEqual([])
})
