import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import {
  DEFAULT_LIMITS,
  DEFAULT_RESERVE,
  isWindlassError,
  type WindlassError,
} from '@windlass/engine'
import { assert, describe, expect, it, onTestFinished } from 'vitest'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { loadSettings, type Settings, type SettingsSources } from './load-settings.ts'
import { SETTING_KEYS, SETTINGS } from './settings-table.ts'

const nowhere = '/nowhere/user'

function load(sources: Partial<SettingsSources> = {}): Settings {
  return loadSettings({ env: {}, homeDir: nowhere, platform: 'linux', ...sources })
}

function refusal(sources: Partial<SettingsSources>): WindlassError {
  try {
    load(sources)
  } catch (error) {
    assert(isWindlassError(error, 'SETTINGS_INVALID'), String(error))
    return error
  }
  assert.fail('the settings were accepted')
}

async function homeWith(configToml: string): Promise<string> {
  const home = await temporaryFolder(onTestFinished)
  await writeFile(path.join(home, 'config.toml'), configToml)
  return home
}

describe('without any setting', () => {
  it('the defaults hold', () => {
    const { hub, ...settings } = load()
    expect(settings).toEqual({
      home: '/nowhere/user/.local/share/windlass',
      host: '127.0.0.1',
      port: 9465,
      token: null,
      server: null,
      maxActive: 3,
      maxQueued: 10_000,
      connections: 8,
      limitRate: null,
      retries: 5,
      timeLimitMs: 86_400_000,
      reserve: { share: 0.1, minBytes: 1_073_741_824 },
      proxy: {},
      allowedHosts: [],
    })
    expect(hub.cacheDir).toBe('/nowhere/user/.cache/huggingface/hub')
  })

  it('the home is in the data folder of the platform', () => {
    const home = (platform: NodeJS.Platform, env = {}): string => load({ platform, env }).home
    expect(home('darwin')).toBe('/nowhere/user/Library/Application Support/windlass')
    expect(home('linux', { XDG_DATA_HOME: '/data' })).toBe('/data/windlass')
    expect(home('linux', { XDG_DATA_HOME: 'relative' })).toBe('/nowhere/user/.local/share/windlass')
    expect(home('win32', { LOCALAPPDATA: 'C:\\Local' })).toContain('C:\\Local\\windlass\\Data')
  })
})

describe('the layers', () => {
  it('are flag over environment over file over default', async () => {
    const home = await homeWith('port = 1111\nmax_active = 4\nretries = 9')
    const env = { WINDLASS_HOME: home, WINDLASS_PORT: '2222', WINDLASS_MAX_ACTIVE: '5' }
    const settings = load({ env, flags: { port: 3333 } })
    expect(settings).toMatchObject({ port: 3333, maxActive: 5, retries: 9, connections: 8 })
  })

  it('let the environment undo a limit of the file', async () => {
    const home = await homeWith('limit_rate = 5000000')
    expect(load({ env: { WINDLASS_HOME: home } }).limitRate).toBe(5_000_000)
    const env = { WINDLASS_HOME: home, WINDLASS_LIMIT_RATE: 'off' }
    expect(load({ env }).limitRate).toBeNull()
  })

  it('count an empty variable as unset', () => {
    expect(load({ env: { WINDLASS_PORT: '', WINDLASS_HOST: ' ' } })).toMatchObject({
      port: 9465,
      host: '127.0.0.1',
    })
  })

  it('take every key of the table from the file', async () => {
    const home = await homeWith(`
      host = "127.0.0.1"
      port = 1
      token = "0123456789abcdef"
      server = "http://box:1"
      max_active = 1
      max_queued = 0
      connections = 1
      limit_rate = "20M"
      retries = 1
      time_limit = "90m"
      reserve = "5%"
    `)
    const settings = load({ env: { WINDLASS_HOME: home } })
    expect(settings).toMatchObject({
      maxQueued: 0,
      limitRate: 20_000_000,
      timeLimitMs: 5_400_000,
      reserve: { share: 0.05, minBytes: 0 },
    })
    expect(settings.token?.reveal()).toBe('0123456789abcdef')
    expect(settings.server?.href).toBe('http://box:1/')
  })

  it('read a home below the home folder of the user', () => {
    expect(load({ env: { WINDLASS_HOME: '~/wl' } }).home).toBe('/nowhere/user/wl')
  })
})

describe('a wrong setting', () => {
  it.each([
    ['WINDLASS_PORT', '70000'],
    ['WINDLASS_PORT', '80a'],
    ['WINDLASS_PORT', '-1'],
    ['WINDLASS_PORT', '1e3'],
    ['WINDLASS_MAX_ACTIVE', '0'],
    ['WINDLASS_MAX_QUEUED', 'many'],
    ['WINDLASS_CONNECTIONS', '2.5'],
    ['WINDLASS_LIMIT_RATE', '0'],
    ['WINDLASS_LIMIT_RATE', 'fast'],
    ['WINDLASS_RETRIES', '0'],
    ['WINDLASS_TIME_LIMIT', '24'],
    ['WINDLASS_TIME_LIMIT', '0s'],
    ['WINDLASS_RESERVE', '10%,20%'],
    ['WINDLASS_RESERVE', '1G,'],
    ['WINDLASS_HOST', 'http://localhost'],
    ['WINDLASS_HOST', '[::1]'],
    ['WINDLASS_SERVER', 'localhost:9465'],
    ['WINDLASS_SERVER', 'ftp://box'],
  ])('%s=%s is refused, naming variable, layer and value', (variable, value) => {
    const error = refusal({ env: { [variable]: value } })
    expect(error.message).toContain(`${variable} (the environment) must be `)
    expect(error.message).toContain(JSON.stringify(value))
    expect(error.hint).toBeTruthy()
  })

  it('is named by its flag, or by its key and file', async () => {
    expect(refusal({ flags: { port: 'x' } }).message).toContain('(the flag --port)')
    const home = await homeWith('max_active = "lots"')
    expect(refusal({ env: { WINDLASS_HOME: home } }).message).toContain(
      `WINDLASS_MAX_ACTIVE (max_active in ${home}/config.toml)`,
    )
  })

  it.each(['max_activ = 3', '[server]\nport = 1', 'home = "/x"', 'constructor = 1'])(
    'key is refused: %s',
    async (text) => {
      const home = await homeWith(text)
      const error = refusal({ env: { WINDLASS_HOME: home } })
      expect(error.message).toContain(`${home}/config.toml`)
    },
  )

  it('file is refused with the place of the mistake, and without its text', async () => {
    const home = await homeWith('port = 1\ntoken = "canary-0123456789')
    const error = refusal({ env: { WINDLASS_HOME: home } })
    expect(error.message).toContain('line 2')
    expect(JSON.stringify(error) + error.stack).not.toContain('canary')
  })

  it('never shows a secret', () => {
    const error = refusal({ env: { WINDLASS_TOKEN: 'canary' } })
    expect(error.message).toContain('WINDLASS_TOKEN (the environment) must be at least 16')
    expect(JSON.stringify(error) + error.stack).not.toContain('canary')
    const proxy = refusal({ env: { https_proxy: 'socks5://user:canary@proxy' } })
    expect(proxy.message).toContain('https_proxy')
    expect(JSON.stringify(proxy) + proxy.stack).not.toContain('canary')
  })
})

describe('a host beyond loopback', () => {
  it.each(['0.0.0.0', '::', '192.168.1.5', 'box.lan', '128.0.0.1', '::ffff:127.0.0.1'])(
    '%s needs a token of the operator',
    (host) => {
      expect(refusal({ env: { WINDLASS_HOST: host } }).message).toContain('WINDLASS_TOKEN')
      const env = { WINDLASS_HOST: host, WINDLASS_TOKEN: '0123456789abcdef' }
      expect(load({ env }).host).toBe(host)
    },
  )

  it.each(['localhost', '127.0.0.1', '127.8.8.8', '::1'])('%s is none', (host) => {
    expect(load({ env: { WINDLASS_HOST: host } }).host).toBe(host)
  })
})

describe('proxies', () => {
  it('are read in both cases, the lower one first, and may leave out the scheme', () => {
    const env = {
      http_proxy: 'proxy:3128',
      HTTP_PROXY: 'http://other:1',
      HTTPS_PROXY: 'http://user:pass@proxy:3128',
      NO_PROXY: 'localhost,.lan',
    }
    expect(load({ env }).proxy).toEqual({
      httpProxy: 'http://proxy:3128',
      httpsProxy: 'http://user:pass@proxy:3128',
      noProxy: 'localhost,.lan',
    })
  })
})

describe('the table', () => {
  it('gives each setting its own variable, flag and key, and defaults that its schema accepts', () => {
    const specs = SETTING_KEYS.map((key) => SETTINGS[key])
    for (const name of ['variable', 'flag', 'tomlKey'] as const) {
      const given = specs.flatMap((spec) => spec[name] ?? [])
      expect(new Set(given).size).toBe(given.length)
    }
    for (const spec of specs) {
      if (spec.default !== null) expect(spec.schema.safeParse(spec.default).success).toBe(true)
    }
  })

  it('keeps the settings of the Hub with the Hub', async () => {
    const home = await temporaryFolder(onTestFinished)
    await mkdir(path.join(home, 'hf'))
    expect(load({ env: { HF_HOME: path.join(home, 'hf') } }).hub.cacheDir).toBe(
      path.join(home, 'hf', 'hub'),
    )
  })
})

describe('WINDLASS_ALLOW_HOSTS', () => {
  const allowed = (text: string) => load({ env: { WINDLASS_ALLOW_HOSTS: text } }).allowedHosts

  it('names hosts with their default ports, one port or all of them', () => {
    expect(allowed('NAS.lan, 192.168.1.5:8080,[fd00:0::5]:*,')).toEqual([
      { hostname: 'nas.lan', port: 'default' },
      { hostname: '192.168.1.5', port: 8080 },
      { hostname: '[fd00::5]', port: 'any' },
    ])
  })

  it.each([
    'http://nas.lan',
    'nas.lan:0',
    'nas.lan:70000',
    'fd00::5',
    '*',
    'nas.lan/x',
    'a b',
    '@h',
  ])('refuses %s', (text) => {
    expect(refusal({ env: { WINDLASS_ALLOW_HOSTS: text } }).message).toContain('nas.lan:8080')
  })
})

it('has the defaults of an embedded engine', () => {
  expect(load()).toMatchObject({ ...DEFAULT_LIMITS, reserve: DEFAULT_RESERVE })
})
