import { isWindlassError } from '@windlass/engine'
import { findHome, type SettingsSources } from './load-settings.ts'
import { readConfigFile } from './read-config-file.ts'
import { firstGiven, readSetting, type SettingLayers } from './read-setting.ts'
import { SETTING_KEYS, SETTINGS, type SettingKey, type SettingSpec } from './settings-table.ts'

/** One setting as it counts at this moment, for a person. */
export interface ExplainedSetting {
  readonly variable: string
  /** As it was given; null when unset, or when it must not be shown. */
  readonly value: string | null
  /** It is set, and must not be shown. */
  readonly hidden: boolean
  /** In words: "the flag --port", "the environment", "port in /home/me/config.toml", "the default". */
  readonly from: string
  readonly help: string
  /** What is wrong with the value. */
  readonly problem?: string
}

/**
 * Every setting of Windlass's own, with its value and the layer that it comes from. A wrong
 * value is told with what is wrong about it.
 * @throws WindlassError SETTINGS_INVALID when `config.toml` cannot be read
 */
export function explainSettings(sources: SettingsSources): readonly ExplainedSetting[] {
  const home = findHome(sources)
  const layers = { flags: sources.flags ?? {}, env: sources.env, file: readConfigFile(home) }
  return SETTING_KEYS.map((key) => {
    const explained = explain(key, layers)
    if (key !== 'home') return explained
    const from = explained.value === null ? "the platform's data folder" : explained.from
    return { ...explained, value: home, from }
  })
}

function explain(key: SettingKey, layers: SettingLayers): ExplainedSetting {
  const spec: SettingSpec = SETTINGS[key]
  const given = firstGiven(key, spec, layers)
  const hidden = spec.secret === true && given !== null
  const problem = problemOf(key, layers)
  return {
    variable: spec.variable,
    value: given === null || hidden ? null : String(given.value),
    hidden,
    from: given?.where ?? 'nobody sets it',
    help: spec.help,
    ...(problem === null ? {} : { problem }),
  }
}

function problemOf(key: SettingKey, layers: SettingLayers): string | null {
  try {
    readSetting(key, layers)
    return null
  } catch (error) {
    if (isWindlassError(error, 'SETTINGS_INVALID')) return error.message
    throw error
  }
}
