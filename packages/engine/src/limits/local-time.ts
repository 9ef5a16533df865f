import { WEEKDAYS } from '@windlass/contract'

const DAY_NAMES: readonly string[] = WEEKDAYS

/** A moment as a clock on the wall shows it. */
export interface LocalTime {
  /** 0 is Monday. */
  readonly day: number
  /** Of the day. */
  readonly minute: number
}

/** Tells the local time of a moment in epoch milliseconds. */
export type ToLocalTime = (epochMs: number) => LocalTime

export function localTimeIn(timeZone: string): ToLocalTime {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  return (epochMs) => {
    const parts = new Map(format.formatToParts(epochMs).map(({ type, value }) => [type, value]))
    const weekday = parts.get('weekday')?.toLowerCase()
    return {
      day: DAY_NAMES.indexOf(weekday ?? ''),
      minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')),
    }
  }
}
