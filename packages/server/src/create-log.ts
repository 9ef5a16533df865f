import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino'
import { scrubSecrets } from './scrub-secrets.ts'

/** A structured log: one JSON object per line. Fits the engine and Fastify. */
export type Log = PinoLogger

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const

export interface LogOptions {
  readonly level: (typeof LOG_LEVELS)[number]
  /** Where lines go, for example an open stream; standard output when absent. */
  readonly destination?: DestinationStream
}

/** Names under which a secret could come; their values never reach the log, one level down either. */
const SECRET_FIELDS = [
  'authorization',
  'cookie',
  'set-cookie',
  'token',
  'ticket',
  'password',
  'headers.authorization',
  'headers.cookie',
]

/** Makes the log of a process. Secrets are blanked; times are ISO 8601. */
export function createLog(options: LogOptions): Log {
  const settings = {
    level: options.level,
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: {
      paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`]),
      censor: '[secret]',
    },
    // Text can hold what no field name gives away: an address in the message of an error.
    hooks: { streamWrite: scrubSecrets },
  }
  return options.destination === undefined ? pino(settings) : pino(settings, options.destination)
}
