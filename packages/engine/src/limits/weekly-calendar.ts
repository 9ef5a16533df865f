import { type ScheduleRow, WEEKDAYS } from '@windlass/contract'
import type { LocalTime, ToLocalTime } from './local-time.ts'

const MINUTE_MS = 60_000
const DAY_MINUTES = 1440
/** Clocks are changed at such a moment everywhere, so within one the local time runs evenly. */
const QUARTER_MS = 15 * MINUTE_MS
/** A week and a day: after that everything comes again. */
const HORIZON_MS = 8 * DAY_MINUTES * MINUTE_MS

/** The row that holds at a moment, null for none. Rows follow the clock on the wall, changes of it included. */
export function rowInForce(
  rows: readonly ScheduleRow[],
  epochMs: number,
  localTime: ToLocalTime,
): ScheduleRow | null {
  if (rows.length === 0) return null
  return firstFitting(rows, localTime(epochMs))
}

/** When another row, or none, begins to hold; epoch milliseconds, null when that never happens. */
export function nextRowChange(
  rows: readonly ScheduleRow[],
  epochMs: number,
  localTime: ToLocalTime,
): number | null {
  if (rows.length === 0) return null
  const now = firstFitting(rows, localTime(epochMs))
  const start = epochMs - (epochMs % QUARTER_MS)
  for (let quarter = start; quarter < start + HORIZON_MS; quarter += QUARTER_MS) {
    const local = localTime(quarter)
    for (let minutes = 0; minutes < QUARTER_MS / MINUTE_MS; minutes++) {
      const at = quarter + minutes * MINUTE_MS
      if (at > epochMs && firstFitting(rows, plus(local, minutes)) !== now) return at
    }
  }
  return null
}

function firstFitting(rows: readonly ScheduleRow[], local: LocalTime): ScheduleRow | null {
  return rows.find((row) => fits(row, local)) ?? null
}

function fits({ days, from, to }: ScheduleRow, { day, minute }: LocalTime): boolean {
  const begin = minuteOf(from)
  const end = minuteOf(to)
  const isDay = (index: number): boolean => days.some((name) => name === WEEKDAYS[index])
  if (begin < end) return isDay(day) && minute >= begin && minute < end
  return (isDay(day) && minute >= begin) || (isDay((day + 6) % 7) && minute < end)
}

function plus({ day, minute }: LocalTime, minutes: number): LocalTime {
  const sum = minute + minutes
  return { day: (day + Math.floor(sum / DAY_MINUTES)) % 7, minute: sum % DAY_MINUTES }
}

function minuteOf(timeOfDay: string): number {
  const [hours = 0, minutes = 0] = timeOfDay.split(':').map(Number)
  return hours * 60 + minutes
}
