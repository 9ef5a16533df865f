import { isIPv4 } from 'node:net'
import path from 'node:path'
import {
  dataFolder,
  type EngineLimits,
  type EngineOptions,
  type HubEnvironment,
  ownTokenPath,
  type ReservePolicy,
  readHubEnvironment,
  readProxies,
  type Secret,
  WindlassError,
} from '@windlass/engine'
import { readConfigFile } from './read-config-file.ts'
import { readSetting, type SettingLayers } from './read-setting.ts'
import type { SettingKey } from './settings-table.ts'

/** Everything that can be set, read and checked. */
export interface Settings extends EngineLimits {
  /** Absolute path of the folder of Windlass's own state. */
  readonly home: string
  readonly host: string
  readonly port: number
  /** The operator's own API token; null when the one in the home counts. */
  readonly token: Secret | null
  /** Where commands find a server; null for the owner of the home. */
  readonly server: URL | null
  /** Bytes per second over everything; null for no limit. */
  readonly limitRate: number | null
  readonly reserve: ReservePolicy
  readonly hub: HubEnvironment
  readonly proxy: EngineOptions['proxy']
  readonly allowedHosts: EngineOptions['allowedHosts']
}

export interface SettingsSources {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Values of command-line flags, by the key of their setting. */
  readonly flags?: { readonly [K in SettingKey]?: string | number | undefined }
  /** Home folder of the user. */
  readonly homeDir: string
  readonly platform: NodeJS.Platform
}

/**
 * Reads all settings: flag over environment over `config.toml` over default. Reads
 * no file but `config.toml` in the home and what the Hub's client would read.
 * @throws WindlassError SETTINGS_INVALID, naming the layer and the variable
 */
export function loadSettings(sources: SettingsSources): Settings {
  const { env, homeDir } = sources
  const flags = sources.flags ?? {}
  const home = findHome(sources)
  const layers: SettingLayers = { flags, env, file: readConfigFile(home) }
  const settings: Settings = {
    home,
    host: required('host', readSetting('host', layers)),
    port: required('port', readSetting('port', layers)),
    token: readSetting('token', layers),
    server: readSetting('server', layers),
    maxActive: required('maxActive', readSetting('maxActive', layers)),
    maxQueued: required('maxQueued', readSetting('maxQueued', layers)),
    connections: required('connections', readSetting('connections', layers)),
    limitRate: required('limitRate', readSetting('limitRate', layers)) || null,
    retries: required('retries', readSetting('retries', layers)),
    timeLimitMs: required('timeLimitMs', readSetting('timeLimitMs', layers)),
    reserve: required('reserve', readSetting('reserve', layers)),
    hub: { ...readHubEnvironment(env, homeDir), ownTokenPath: ownTokenPath(home) },
    proxy: readProxies(env),
    allowedHosts: readSetting('allowedHosts', layers) ?? [],
  }
  requireTokenBeyondLoopback(settings)
  return settings
}

/** True for the names and addresses that only this machine can reach. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))
}

/** The folder of Windlass's own state, absolute. */
export function findHome(sources: SettingsSources): string {
  const layers = { flags: sources.flags ?? {}, env: sources.env, file: null }
  const named = readSetting('home', layers)
  if (named === null) return dataFolder(sources)
  const expanded = named.replace(/^~(?=$|[/\\])/, () => sources.homeDir)
  return path.resolve(expanded)
}

/** The table gives these a default, so only a hole in the table can make one absent. */
function required<T>(key: SettingKey, value: T | null): T {
  if (value === null) throw new TypeError(`the setting ${key} has no default`)
  return value
}

function requireTokenBeyondLoopback(settings: Settings): void {
  if (isLoopback(settings.host) || settings.token !== null) return
  throw new WindlassError('SETTINGS_INVALID', {
    detail: `WINDLASS_HOST is ${settings.host}, which other machines can reach, and WINDLASS_TOKEN is not set`,
    hint: 'Set WINDLASS_TOKEN to a secret of at least 16 characters, or WINDLASS_HOST to 127.0.0.1.',
  })
}
