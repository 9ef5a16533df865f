import { SETTING_KEYS, SETTINGS, type SettingSpec } from '@windlass/server'
import { code, page, table } from './markdown.ts'

/** docs/settings.md: everything of Windlass's own that can be set, and the foreign variables it honours. */
export function settingsPage(): string {
  const specs: readonly SettingSpec[] = SETTING_KEYS.map((key) => SETTINGS[key])
  return page('Settings', 'packages/server/src/settings/settings-table.ts', [
    'Each setting is taken from the first of these that has it: the flag, the environment variable, `config.toml` in `WINDLASS_HOME`, the default. A value that makes no sense is refused at start, with its name.',
    table(
      ['variable', 'flag', 'config.toml', 'default', 'meaning'],
      specs.map((spec) => [
        code(spec.variable),
        spec.flag === null ? '' : code(spec.flag),
        spec.tomlKey === null ? '' : code(spec.tomlKey),
        spec.default === null ? '' : code(spec.default),
        spec.help,
      ]),
    ),
    '## Variables of others',
    'The variables of the Hugging Face client mean what they mean to `huggingface_hub` itself: `HF_HOME`, `HF_HUB_CACHE`, `HF_TOKEN`, `HF_TOKEN_PATH`, `HF_ENDPOINT`, `HF_HUB_OFFLINE`, `HF_HUB_DISABLE_IMPLICIT_TOKEN`, `HF_HUB_DISABLE_SYMLINKS`, `HF_HUB_USER_AGENT_ORIGIN`, and the older names that it still reads.',
    'Proxies are taken from `http_proxy`, `https_proxy` and `no_proxy`, in lower or upper case.',
  ])
}
