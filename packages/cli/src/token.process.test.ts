import { readFile, stat } from 'node:fs/promises'
import { type FakeHub, startFakeHub, type TempDir, tempDir } from '@windlass/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runWindlass, type WindlassEnvironment } from './testing/start-windlass.ts'

describe('windlass token', { timeout: 60_000 }, () => {
  let hub: FakeHub
  let dir: TempDir
  const run = (args: readonly string[], more: Partial<WindlassEnvironment> = {}) =>
    runWindlass({ dir, endpoint: hub.endpoint, ...more }, args)

  beforeEach(async () => {
    dir = await tempDir()
    hub = await startFakeHub({ users: { hf_canary: 'somebody', hf_other: 'else' } })
    const files = [{ path: 'config.json', content: '{}' }]
    await hub.addRepo({ id: 'org/closed', private: true, tokens: ['hf_canary'], files })
  })

  afterEach(async () => {
    await hub.close()
    await dir.remove()
  })

  it('keeps a token for this user alone, never shows it, and pulls with it', async () => {
    expect((await run(['pull', 'org/closed'])).code).toBe(3)
    const set = await run(['token', 'set', 'huggingface'], { input: 'hf_canary\n' })
    expect(set).toMatchObject({ code: 0, stderr: expect.stringContaining('token test') })
    const file = dir.join('home', 'tokens', 'huggingface')
    expect(set.stdout).toContain(file)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await readFile(file, 'utf8')).toBe('hf_canary\n')

    const tested = await run(['token', 'test', 'huggingface'])
    expect(tested).toMatchObject({
      code: 0,
      stderr: `Asking ${hub.endpoint} with the token from ${file}.\n`,
    })
    expect(tested.stdout).toContain('the token of somebody (read')
    expect((await run(['pull', 'org/closed'])).code).toBe(0)
    const doctor = await run(['doctor'])
    expect(doctor.stdout).toContain(`from ${file}`)
    const said = [set, tested, doctor].map(({ stderr, stdout }) => stdout + stderr).join('')
    expect(said).not.toContain('hf_canary')
  })

  it('goes behind HF_TOKEN, and says so', async () => {
    const env = { HF_TOKEN: 'hf_other' }
    const set = await run(['token', 'set', 'huggingface'], { input: 'hf_canary', env })
    expect(set.stderr).toContain('HF_TOKEN is set as well')
    const { stdout } = await run(['token', 'test', 'huggingface', '--json'], { env })
    expect(JSON.parse(stdout)).toEqual({
      host: 'huggingface',
      endpoint: hub.endpoint,
      from: 'HF_TOKEN',
      name: 'else',
      tokenName: 'else',
      role: 'read',
    })
  })

  it('asks a person to act where there is none, or the host does not know it', async () => {
    const none = await run(['token', 'test', 'huggingface'])
    expect(none).toMatchObject({ code: 3, stderr: expect.stringContaining('windlass token set') })
    const wrong = await run(['token', 'test', 'huggingface'], { env: { HF_TOKEN: 'hf_wrong' } })
    expect(wrong.code).toBe(3)
    expect(wrong.stderr).not.toContain('hf_wrong')
    const env = { HF_TOKEN: 'hf_other', HF_HUB_DISABLE_IMPLICIT_TOKEN: '1' }
    const silenced = await run(['token', 'test', 'huggingface'], { env })
    expect(silenced).toMatchObject({ code: 3, stderr: expect.stringContaining('IMPLICIT_TOKEN') })
  })

  it('is removed when it is said so, and then is gone', async () => {
    await run(['token', 'set', 'huggingface'], { input: 'hf_canary' })
    expect((await run(['token', 'rm', 'huggingface'])).code).toBe(2)
    expect(await run(['token', 'rm', 'huggingface', '-y'])).toMatchObject({
      code: 0,
      stdout: 'Removed.\n',
    })
    expect((await run(['token', 'rm', 'huggingface'])).stdout).toContain('keeps no token')
  })

  it.each([
    ['nothing', ''],
    ['several words', 'hf_a hf_b'],
    ['what is no text', 'hf_\u0001'],
  ])('refuses %s without showing it', async (_what, input) => {
    const refused = await run(['token', 'set', 'huggingface'], { input })
    expect(refused).toMatchObject({ code: 2, stdout: '' })
    expect(refused.stderr).not.toContain('hf_')
  })

  it('knows no other host, takes no token as an argument, and leaves another server alone', async () => {
    expect((await run(['token', 'set', 'civitai'], { input: 'x' })).code).toBe(2)
    const typed = await run(['token', 'set', 'huggingface', 'hf_canary'])
    expect(typed.code).toBe(2)
    expect(typed.stderr).not.toContain('hf_canary')
    const env = { WINDLASS_SERVER: 'http://127.0.0.1:9', WINDLASS_TOKEN: 'x'.repeat(32) }
    expect((await run(['token', 'set', 'huggingface'], { input: 'hf_x', env })).code).toBe(2)
  })
})
