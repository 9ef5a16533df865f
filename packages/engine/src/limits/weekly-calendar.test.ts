import type { ScheduleRow } from '@windlass/contract'
import { expect, it } from 'vitest'
import { localTimeIn } from './local-time.ts'
import { nextRowChange, rowInForce } from './weekly-calendar.ts'

const UTC = localTimeIn('UTC')
const ALL = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
const row = (from: string, to: string, days: ScheduleRow['days'] = [...ALL]): ScheduleRow => ({
  days,
  from,
  to,
  limitRate: 1_000_000,
})
const at = (text: string): number => Date.parse(text)
const iso = (epochMs: number | null): string | null =>
  epochMs === null ? null : new Date(epochMs).toISOString()

it('holds from its first minute to the one before its last, on its days alone', () => {
  const rows = [row('09:00', '17:30', ['mon', 'fri'])]
  const holds = (text: string): boolean => rowInForce(rows, at(text), UTC) !== null
  // 2 November 2026 is a Monday.
  expect(holds('2026-11-02T08:59:59Z')).toBe(false)
  expect(holds('2026-11-02T09:00:00Z')).toBe(true)
  expect(holds('2026-11-02T17:29:59Z')).toBe(true)
  expect(holds('2026-11-02T17:30:00Z')).toBe(false)
  expect(holds('2026-11-03T12:00:00Z')).toBe(false)
  expect(holds('2026-11-06T12:00:00Z')).toBe(true)
})

it('goes on past midnight into a day that is not its own, from Sunday to Monday too', () => {
  const rows = [row('22:00', '06:00', ['sun'])]
  const holds = (text: string): boolean => rowInForce(rows, at(text), UTC) !== null
  expect(holds('2026-11-01T22:00:00Z')).toBe(true)
  expect(holds('2026-11-02T05:59:00Z')).toBe(true)
  expect(holds('2026-11-02T06:00:00Z')).toBe(false)
  expect(holds('2026-11-01T05:00:00Z')).toBe(false)
})

it('lets the first of two rows hold', () => {
  const rows = [row('12:00', '13:00'), { ...row('00:00', '00:00'), limitRate: null }]
  expect(rowInForce(rows, at('2026-11-02T12:30:00Z'), UTC)?.limitRate).toBe(1_000_000)
  expect(rowInForce(rows, at('2026-11-02T13:30:00Z'), UTC)?.limitRate).toBeNull()
})

it('follows the clock on the wall when that is changed', () => {
  const rows = [row('09:00', '10:00')]
  const zone = localTimeIn('Europe/Berlin')
  // Summer time until 25 October 2026, 3:00.
  expect(iso(nextRowChange(rows, at('2026-10-24T06:00:00Z'), zone))).toBe(
    '2026-10-24T07:00:00.000Z',
  )
  expect(iso(nextRowChange(rows, at('2026-10-24T09:00:00Z'), zone))).toBe(
    '2026-10-25T08:00:00.000Z',
  )
})

it('lasts twice as long in the hour that comes twice, and leaves out the one that does not come', () => {
  const rows = [row('02:00', '03:00')]
  const zone = localTimeIn('Europe/Berlin')
  const begin = nextRowChange(rows, at('2026-10-24T12:00:00Z'), zone)
  expect(iso(begin)).toBe('2026-10-25T00:00:00.000Z')
  expect(iso(nextRowChange(rows, begin ?? 0, zone))).toBe('2026-10-25T02:00:00.000Z')
  // 28 March 2027: from 2:00 straight to 3:00.
  expect(iso(nextRowChange(rows, at('2027-03-27T12:00:00Z'), zone))).toBe(
    '2027-03-29T00:00:00.000Z',
  )
})

it('knows zones that are off by a part of an hour', () => {
  const rows = [row('09:00', '10:00')]
  const change = nextRowChange(rows, at('2026-11-02T00:00:00Z'), localTimeIn('Asia/Kathmandu'))
  expect(iso(change)).toBe('2026-11-02T03:15:00.000Z')
})

it('never changes where one row holds for ever, or there is none', () => {
  expect(nextRowChange([row('00:00', '00:00')], at('2026-11-02T00:00:00Z'), UTC)).toBeNull()
  expect(nextRowChange([], at('2026-11-02T00:00:00Z'), UTC)).toBeNull()
})

it('finds the row of one minute that comes once a week', () => {
  const rows = [row('10:07', '10:08', ['wed'])]
  const change = nextRowChange(rows, at('2026-11-04T10:08:00Z'), UTC)
  expect(iso(change)).toBe('2026-11-11T10:07:00.000Z')
})
