import { readFileSync } from 'node:fs'
import path from 'node:path'
import { WindlassError } from '@windlass/engine'
import { parse, TomlError } from 'smol-toml'
import type { ConfigFile } from './read-setting.ts'
import { SETTING_KEYS, SETTINGS } from './settings-table.ts'

const KNOWN_KEYS: ReadonlySet<string> = new Set(
  SETTING_KEYS.flatMap((key) => SETTINGS[key].tomlKey ?? []),
)

/**
 * Reads `config.toml` of a home; null when there is none.
 * @throws WindlassError SETTINGS_INVALID when it is not TOML or has a key that nothing reads
 */
export function readConfigFile(home: string): ConfigFile | null {
  const file = path.join(home, 'config.toml')
  const text = readIfThere(file)
  if (text === null) return null
  const values = parseToml(text, file)
  const unknown = Object.keys(values).find((key) => !KNOWN_KEYS.has(key))
  if (unknown === undefined) return { path: file, values }
  throw new WindlassError('SETTINGS_INVALID', {
    detail: `${file} has the unknown key ${JSON.stringify(unknown)}`,
    hint: `Known keys: ${[...KNOWN_KEYS].join(', ')}.`,
    facts: { key: unknown, file },
  })
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

function parseToml(text: string, file: string): Record<string, unknown> {
  try {
    return parse(text)
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause
    throw new WindlassError('SETTINGS_INVALID', {
      // The excerpt that the parser offers may show a token, so only the place is told.
      detail: `${file} is not valid TOML at line ${cause.line}, column ${cause.column}`,
      hint: 'Correct that line.',
      facts: { file, line: cause.line },
    })
  }
}
