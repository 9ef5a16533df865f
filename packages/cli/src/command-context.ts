import type { Log, Settings, SettingsSources } from '@windlass/server'
import type { Command } from 'commander'
import type { Connector } from './connection.ts'
import type { ExitCode } from './exit-codes.ts'
import type { CliHost } from './host.ts'

/** What every verb is given. */
export interface CommandContext {
  readonly host: CliHost
  /**
   * Reads the settings; only verbs that need them do, so that `--help` works with a broken one.
   * @throws WindlassError SETTINGS_INVALID
   */
  settings(flags?: NonNullable<SettingsSources['flags']>): Settings
  /** The way to whoever owns the home. `log` is for the engine, where this process becomes the owner. */
  connector(settings: Settings, log?: Log): Connector
  /** The whole command line, for what tells about it. */
  program(): Promise<Command>
  /** Remembers how the process is to end. */
  finish(code: ExitCode): void
}
