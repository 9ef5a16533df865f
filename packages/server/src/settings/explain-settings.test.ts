import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { assert, expect, it, onTestFinished } from 'vitest'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { explainSettings } from './explain-settings.ts'
import { SETTING_KEYS } from './settings-table.ts'

it('says of each setting what counts, and who says so', async () => {
  const home = await temporaryFolder(onTestFinished)
  await writeFile(path.join(home, 'config.toml'), 'max_active = 7\nlimit_rate = "20M"\n')
  const env = {
    WINDLASS_HOME: home,
    WINDLASS_TOKEN: 'canary-canary-canary',
    WINDLASS_LIMIT_RATE: '1M',
    WINDLASS_RETRIES: 'many',
  }
  const explained = explainSettings({
    env,
    homeDir: '/home/me',
    platform: 'linux',
    flags: { port: 1 },
  })
  expect(explained).toHaveLength(SETTING_KEYS.length)
  const of = (variable: string) => {
    const found = explained.find((one) => one.variable === variable)
    assert(found, variable)
    return found
  }
  expect(of('WINDLASS_HOME')).toMatchObject({ value: home, from: 'the environment' })
  expect(of('WINDLASS_PORT')).toMatchObject({ value: '1', from: 'the flag --port' })
  expect(of('WINDLASS_LIMIT_RATE')).toMatchObject({ value: '1M', from: 'the environment' })
  expect(of('WINDLASS_MAX_ACTIVE')).toMatchObject({
    value: '7',
    from: `max_active in ${path.join(home, 'config.toml')}`,
  })
  expect(of('WINDLASS_CONNECTIONS')).toMatchObject({ value: '8', from: 'the default' })
  expect(of('WINDLASS_SERVER')).toMatchObject({ value: null, hidden: false })
  expect(of('WINDLASS_RETRIES')).toMatchObject({
    value: 'many',
    problem: expect.stringContaining('whole number'),
  })
  expect(of('WINDLASS_TOKEN')).toMatchObject({ value: null, hidden: true })
  expect(JSON.stringify(explained)).not.toContain('canary')
})

it('names the home that nobody names', () => {
  const [home] = explainSettings({ env: {}, homeDir: '/home/me', platform: 'linux' })
  expect(home).toMatchObject({
    variable: 'WINDLASS_HOME',
    value: '/home/me/.local/share/windlass',
    from: "the platform's data folder",
  })
})
