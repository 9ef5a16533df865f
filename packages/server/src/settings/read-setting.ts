import { WindlassError } from '@windlass/engine'
import { SETTINGS, type SettingKey, type SettingSpec, type SettingValue } from './settings-table.ts'

/** `config.toml` as read, with the path for messages; null when there is none. */
export interface ConfigFile {
  readonly path: string
  readonly values: Readonly<Record<string, unknown>>
}

export interface SettingLayers {
  readonly flags: { readonly [K in SettingKey]?: string | number | undefined }
  readonly env: Readonly<Record<string, string | undefined>>
  readonly file: ConfigFile | null
}

interface Given {
  readonly value: unknown
  /** The layer in words, for messages: "the flag --port". */
  readonly where: string
}

/**
 * The value of one setting from the first layer that has it; null when none has
 * and the table has no default. An empty variable counts as unset.
 * @throws WindlassError SETTINGS_INVALID
 */
export function readSetting<K extends SettingKey>(
  key: K,
  layers: SettingLayers,
): SettingValue<K> | null {
  const spec: SettingSpec = SETTINGS[key]
  const given = firstGiven(key, spec, layers)
  if (given === null) return null
  const result = spec.schema.safeParse(given.value)
  // The schema is the one that SettingValue<K> is taken from.
  if (result.success) return result.data as SettingValue<K>
  const shown = spec.secret === true ? '' : `, not ${JSON.stringify(given.value)}`
  throw new WindlassError('SETTINGS_INVALID', {
    detail: `${spec.variable} (${given.where}) must be ${result.error.issues[0]?.message}${shown}`,
    hint: `${spec.help} Correct ${given.where}.`,
    facts: { variable: spec.variable, layer: given.where },
  })
}

/** What the first layer that has the setting says, as it stands there; null when none has it. */
export function firstGiven(
  key: SettingKey,
  spec: SettingSpec,
  layers: SettingLayers,
): Given | null {
  const flag = layers.flags[key]
  if (flag !== undefined) {
    return { value: flag, where: spec.flag === null ? 'the command line' : `the flag ${spec.flag}` }
  }
  const variable = layers.env[spec.variable]
  if (variable !== undefined && variable.trim() !== '') {
    return { value: variable, where: 'the environment' }
  }
  const { file } = layers
  if (file !== null && spec.tomlKey !== null && Object.hasOwn(file.values, spec.tomlKey)) {
    return { value: file.values[spec.tomlKey], where: `${spec.tomlKey} in ${file.path}` }
  }
  return spec.default === null ? null : { value: spec.default, where: 'the default' }
}
