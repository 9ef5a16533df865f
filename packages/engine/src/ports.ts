import type { Clock } from './runtime/clock.ts'

/** Where the engine tells what it does; pino's loggers fit. Facts are free of secrets. */
export interface Logger {
  debug(facts: object, message: string): void
  info(facts: object, message: string): void
  warn(facts: object, message: string): void
  error(facts: object, message: string): void
}

/** Every side effect that the engine needs from outside, beside files and sockets. */
export interface EnginePorts {
  readonly clock: Clock
  readonly log: Logger
  /** Uniform in [0, 1), for back-off and ids. */
  readonly random: () => number
  /**
   * Names the current boot of the machine, null where it cannot be told. Bytes
   * written but not synced are still there after a crash of the process, and are
   * doubtful after a crash of the machine.
   */
  readonly bootId: () => string | null
  /** Name of the time zone that people here live by, `Europe/Berlin`; the system's when absent. */
  readonly timeZone?: () => string
}
