import { hubClientEnv, requireTool, runPython } from '@windlass/testkit'
import { describe, expect, it } from 'vitest'
import { readHubEnvironment } from './hub-environment.ts'

type Env = Record<string, string>
const read = (env: Env) => readHubEnvironment(env, '/home/me')

/** Environments and where the client puts its cache and token, and whom it asks. */
const PLACES: readonly [Env, { cacheDir?: string; tokenPath?: string; endpoint?: string }][] = [
  [
    {},
    {
      cacheDir: '/home/me/.cache/huggingface/hub',
      tokenPath: '/home/me/.cache/huggingface/token',
      endpoint: 'https://huggingface.co',
    },
  ],
  [{ HF_HOME: '/hf' }, { cacheDir: '/hf/hub', tokenPath: '/hf/token' }],
  [{ HF_HOME: '~/hf' }, { cacheDir: '/home/me/hf/hub' }],
  [{ HF_HOME: '~' }, { cacheDir: '/home/me/hub' }],
  [{ HF_HOME: '/x/~' }, { cacheDir: '/x/~/hub' }],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of the environment.
  [{ HF_HOME: '$D/${E}_$NONE', D: '/d', E: 'e' }, { cacheDir: '/d/e_$NONE/hub' }],
  [{ XDG_CACHE_HOME: '/xdg' }, { cacheDir: '/xdg/huggingface/hub' }],
  [{ XDG_CACHE_HOME: '/xdg', HF_HOME: '/hf' }, { cacheDir: '/hf/hub' }],
  [
    { HUGGINGFACE_HUB_CACHE: '/old', HF_HOME: '/hf' },
    { cacheDir: '/old', tokenPath: '/hf/token' },
  ],
  [{ HF_HUB_CACHE: '/new', HUGGINGFACE_HUB_CACHE: '/old' }, { cacheDir: '/new' }],
  [{ HF_HUB_CACHE: '$D/c', D: '/d' }, { cacheDir: '/d/c' }],
  [{ HF_TOKEN_PATH: '~/t' }, { tokenPath: '/home/me/t' }],
  [{ HF_ENDPOINT: 'https://mirror.example/hf//' }, { endpoint: 'https://mirror.example/hf' }],
  [
    { HUGGINGFACE_CO_STAGING: '1', HF_ENDPOINT: 'https://m.example', HF_HOME: '/hf' },
    {
      endpoint: 'https://hub-ci.huggingface.co',
      cacheDir: '/home/me/.cache/huggingface_staging/hub',
      tokenPath: '/home/me/.cache/huggingface_staging/token',
    },
  ],
]

describe('the places of the Hub', () => {
  it.each(PLACES)('follow from %o', (env, expected) => {
    expect(read(env)).toMatchObject(expected)
  })

  it('are those of the real client', async (context) => {
    const python = requireTool(context, 'huggingface-hub-1')
    const script =
      'import json; from huggingface_hub import constants as c;' +
      'print(json.dumps([c.HF_HUB_CACHE, c.HF_TOKEN_PATH, c.ENDPOINT]))'
    for (const [env] of PLACES) {
      if (env['HUGGINGFACE_CO_STAGING'] !== undefined) continue // its cache constant is made before
      const { HF_ENDPOINT: _, HF_HOME: __, ...base } = hubClientEnv('', '')
      const result = await runPython(python, script, { env: { ...base, HOME: '/home/me', ...env } })
      const { cacheDir, tokenPath, endpoint } = read(env)
      expect(JSON.parse(result.stdout), result.stderr).toEqual([cacheDir, tokenPath, endpoint])
    }
  }, 120_000)

  it('count as absent when they are set to nothing', () => {
    const nothing = { HF_HOME: '', HF_HUB_CACHE: '', HF_ENDPOINT: '', XDG_CACHE_HOME: '' }
    expect(read(nothing)).toEqual(read({}))
  })
})

describe('switches', () => {
  it.each(['1', 'on', 'ON', 'Yes', 'true'])('are on at %s', (value) => {
    expect(read({ HF_HUB_OFFLINE: value }).offline).toBe(true)
    expect(read({ TRANSFORMERS_OFFLINE: value }).offline).toBe(true)
    expect(read({ HF_HUB_DISABLE_SYMLINKS: value }).symlinksDisabled).toBe(true)
    expect(read({ HF_HUB_DISABLE_IMPLICIT_TOKEN: value }).implicitTokenDisabled).toBe(true)
  })

  it.each(['0', 'off', 'no', 'y', ' 1', '2', ''])('are off at "%s"', (value) => {
    expect(read({ HF_HUB_OFFLINE: value }).offline).toBe(false)
    expect(read({ HF_HUB_DISABLE_SYMLINKS: value }).symlinksDisabled).toBe(false)
  })

  it('take the first variable that is set', () => {
    expect(read({ HF_HUB_OFFLINE: '0', TRANSFORMERS_OFFLINE: '1' }).offline).toBe(false)
  })
})

describe('the token of the environment', () => {
  it.each([
    [{ HF_TOKEN: 'hf_a', HUGGING_FACE_HUB_TOKEN: 'hf_b' }, 'hf_a'],
    [{ HF_TOKEN: '', HUGGING_FACE_HUB_TOKEN: 'hf_b' }, 'hf_b'],
    [{ HF_TOKEN: ' hf_a\r\n' }, 'hf_a'],
    [{ HF_TOKEN: ' \n' }, undefined],
    [{}, undefined],
  ])('of %o is %s', (env: Env, token) => {
    expect(read(env).token?.reveal()).toBe(token)
  })

  it('does not show itself', () => {
    expect(JSON.stringify(read({ HF_TOKEN: 'hf_a' }))).not.toContain('hf_a')
  })
})
