import { z } from 'zod'
import { DownloadProgress, DownloadReason, DownloadSummary } from './download.ts'
import { DownloadState } from './download-state.ts'
import { ERROR_CODE_NAMES } from './error-codes.ts'
import { CurrentLimits } from './limits.ts'

const id = z.string()

/** Facts, in the past tense: the payload of each event that is kept in the log. */
export const LOGGED_EVENTS = {
  'download.created': z.object({ download: DownloadSummary }),
  'download.state-changed': z.object({
    id,
    from: DownloadState,
    to: DownloadState,
    reason: DownloadReason.optional(),
    download: DownloadSummary,
  }),
  'download.resolved': z.object({
    id,
    revision: z.string().nullable(),
    filesTotal: z.int(),
    totalBytes: z.int().nullable(),
  }),
  'download.file-completed': z.object({
    id,
    path: z.string(),
    sizeBytes: z.int(),
    present: z.boolean(),
  }),
  /** Something a person should know that stops nothing: a retry, a restart of a file, a new name. */
  'download.noticed': z.object({
    id,
    code: z.enum(ERROR_CODE_NAMES),
    message: z.string(),
    path: z.string().optional(),
  }),
  /** It has another place in the queue, or another priority. */
  'download.moved': z.object({ id, download: DownloadSummary }),
  'download.cleaned': z.object({ id, files: z.int(), bytes: z.int() }),
  'download.forgotten': z.object({ id }),
  /** By a person, by the schedule, or because what was meant for a while has ended. */
  'limits.changed': CurrentLimits,
} as const

/** Payloads of events that are only sampled, never kept and never replayed. */
export const PASSING_EVENTS = {
  'download.progressed': z.object({
    id,
    progress: DownloadProgress,
    /** Only files whose bytes or state changed since the last sample. */
    files: z.array(
      z.object({
        path: z.string(),
        receivedBytes: z.int(),
        state: z.enum(['pending', 'downloading', 'verifying', 'done']),
      }),
    ),
  }),
  /** A line of what was logged about this download; sent where log lines are asked for. */
  'download.logged': z.object({
    id,
    level: z.enum(['debug', 'info', 'warn', 'error']),
    message: z.string(),
  }),
  /** The log no longer holds what the reader missed: read the list anew, then go on from `seq`. */
  resync: z.object({ seq: z.int() }),
} as const

type Payloads<T extends Record<string, z.ZodType>> = { [K in keyof T]: z.infer<T[K]> }
export type LoggedEventMap = Payloads<typeof LOGGED_EVENTS>
export type PassingEventMap = Payloads<typeof PASSING_EVENTS>
export type LoggedEventType = keyof LoggedEventMap
export type PassingEventType = keyof PassingEventMap

/** One event of the log; `seq` is the id of the server-sent event, so a reader can ask for what it missed. */
export type LoggedEvent<T extends LoggedEventType = LoggedEventType> = {
  [K in T]: {
    readonly seq: number
    readonly at: number
    readonly type: K
    readonly data: LoggedEventMap[K]
  }
}[T]

/** A sample; it has no place in the log. */
export type PassingEvent<T extends PassingEventType = PassingEventType> = {
  [K in T]: {
    readonly seq: null
    readonly at: number
    readonly type: K
    readonly data: PassingEventMap[K]
  }
}[T]

export type WindlassEvent = LoggedEvent | PassingEvent

/** The download that an event is about; null for those about the whole. */
export function downloadIdOf(event: WindlassEvent): string | null {
  if (event.type === 'resync' || event.type === 'limits.changed') return null
  return event.type === 'download.created' ? event.data.download.id : event.data.id
}

const eventSchemas = [
  ...Object.entries(LOGGED_EVENTS).map(([type, data]) =>
    z.object({ seq: z.int(), at: z.number(), type: z.literal(type), data }),
  ),
  ...Object.entries(PASSING_EVENTS).map(([type, data]) =>
    z.object({ seq: z.null(), at: z.number(), type: z.literal(type), data }),
  ),
]

/**
 * Reads one event as it travels.
 * @throws z.ZodError when it is not an event of this version
 */
export function parseEvent(value: unknown): WindlassEvent {
  // The union is built from the two tables above, so its type is theirs.
  return z.union(eventSchemas).parse(value) as WindlassEvent
}
