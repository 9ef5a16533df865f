import { z } from 'zod'
import { LOWEST_RATE } from './requests.ts'

const rate = z
  .int()
  .min(LOWEST_RATE)
  .max(Number.MAX_SAFE_INTEGER)
  .meta({ description: 'Bytes per second' })
const epochMs = z.int().meta({ description: 'Epoch milliseconds' })
const name = z.string().min(1).max(253)
const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time such as 08:30')

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const

/**
 * A rate for some hours of the week, by the clock on the wall. A row that ends at or before the time
 * it begins ends on the next day; the first row that fits holds; null is no limit.
 */
export const ScheduleRow = z
  .strictObject({
    days: z.array(z.enum(WEEKDAYS)).min(1).max(7),
    from: timeOfDay,
    to: timeOfDay,
    limitRate: rate.nullable(),
  })
  .meta({ id: 'ScheduleRow' })
export type ScheduleRow = z.infer<typeof ScheduleRow>

const maxActive = z.int().min(1).max(64)
const maxQueued = z.int().min(0).max(1_000_000)
const connections = z.int().min(1).max(64)
const rates = z.record(name, rate)
const schedule = z.array(ScheduleRow).max(100)

/** Everything that is limited; null is no limit. */
export const Limits = z
  .object({
    maxActive: maxActive.meta({ description: 'Downloads at once' }),
    maxQueued: maxQueued.meta({
      description: 'Downloads that wait for a slot; 0 refuses as soon as all slots are busy',
    }),
    connections: connections.meta({ description: 'Connections of one download' }),
    connectionsPerHost: connections.nullable(),
    limitRate: rate.nullable().meta({ description: 'Bytes per second of everything together' }),
    perSource: rates.meta({ description: 'Bytes per second by the id of a source' }),
    perHost: rates.meta({
      description: 'Bytes per second by the host that sends the bytes, with or without its port',
    }),
    perDownload: rate.nullable().meta({ description: 'Bytes per second of each download' }),
    schedule: schedule.meta({ description: 'Takes the place of limitRate in its hours' }),
    temporary: z
      .object({ limitRate: rate.nullable(), until: epochMs })
      .nullable()
      .meta({ description: 'Takes the place of limitRate and the schedule for a while' }),
  })
  .meta({ id: 'Limits' })
export type Limits = z.infer<typeof Limits>

export const LIMIT_NAMES = Object.keys(Limits.shape) as [keyof Limits, ...(keyof Limits)[]]
export const LimitName = z.enum(LIMIT_NAMES).meta({ id: 'LimitName' })
export type LimitName = z.infer<typeof LimitName>

const rateChanges = z.record(name, rate.nullable())

/** Changes the limits that it names; in a map of rates, null takes a name out. */
export const LimitsChange = z
  .strictObject({
    maxActive: maxActive.optional(),
    maxQueued: maxQueued.optional(),
    connections: connections.optional(),
    connectionsPerHost: connections.nullable().optional(),
    limitRate: rate.nullable().optional(),
    perSource: rateChanges.optional(),
    perHost: rateChanges.optional(),
    perDownload: rate.nullable().optional(),
    schedule: schedule.optional(),
    temporary: z
      .strictObject({
        limitRate: rate.nullable(),
        seconds: z
          .int()
          .min(1)
          .max(30 * 86_400),
      })
      .nullable()
      .optional(),
    reset: z
      .array(LimitName)
      .optional()
      .meta({ description: 'Limits that go back to what the settings say' }),
  })
  .meta({ id: 'LimitsChange' })
export type LimitsChange = z.infer<typeof LimitsChange>

/** The limits that hold, and why. */
export const CurrentLimits = z
  .object({
    limits: Limits,
    rate: z
      .object({
        limitRate: rate.nullable(),
        by: z.enum(['limitRate', 'schedule', 'temporary']),
        until: epochMs.nullable(),
      })
      .meta({ description: 'What holds for everything together at this moment' }),
    changed: z.array(LimitName).meta({ description: 'Limits that differ from the settings' }),
    timeZone: z.string().meta({ description: 'The one that the schedule goes by' }),
  })
  .meta({ id: 'CurrentLimits' })
export type CurrentLimits = z.infer<typeof CurrentLimits>
