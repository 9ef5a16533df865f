import { readFile } from 'node:fs/promises'
import { type FakeHub, startFakeHub, type TempDir, tempDir } from '@windlass/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runWindlass, startWindlass } from './testing/start-windlass.ts'

const MIB = 1024 * 1024

describe('windlass serve and the verbs that go through it', { timeout: 60_000 }, () => {
  let hub: FakeHub
  let dir: TempDir
  const run = (...args: string[]) => runWindlass({ dir, endpoint: hub.endpoint }, args)
  const start = (...args: string[]) => startWindlass({ dir, endpoint: hub.endpoint }, args)

  beforeEach(async () => {
    dir = await tempDir()
    hub = await startFakeHub()
    const weights = { path: 'model.safetensors', content: { seed: 'x', sizeBytes: 12 * MIB } }
    await hub.addRepo({ id: 'org/name', files: [weights] })
  })

  afterEach(async () => {
    await hub.close()
    await dir.remove()
  })

  async function serve() {
    const server = start('serve')
    await server.said(/Stop with Ctrl-C/)
    return server
  }

  it('says where it serves and where the token is, never the token', async () => {
    const server = await serve()
    const token = (await readFile(dir.join('home', 'token'), 'utf8')).trim()
    server.child.kill('SIGTERM')
    const { code, stderr, stdout } = await server.ended
    expect(code).toBe(0)
    expect(stderr).toMatch(/Windlass serves on http:\/\/127\.0\.0\.1:\d+\n/)
    expect(stderr).toMatch(/Sign a browser in.+: http:\/\/127\.0\.0\.1:\d+\/signin#[\w-]{43}\n/)
    expect(stderr).toContain(dir.join('home', 'token'))
    expect(stderr + stdout).not.toContain(token)
  })

  it('does the work of a pull, which only watches', async () => {
    const server = await serve()
    const { code, stderr } = await run('pull', 'org/name')
    expect(code).toBe(0)
    expect(stderr).toContain('Windlass runs already')
    expect((await run('ls')).stdout).toMatch(/completed +100 +12\.6 MB +org\/name/)
    server.child.kill('SIGINT')
    expect((await server.ended).code).toBe(0)
  })

  it('is paused by the Ctrl-C of a pull, and goes on with resume', async () => {
    hub.setCdnRate(MIB / 4)
    const server = await serve()
    const pull = start('pull', 'org/name')
    await pull.said(/downloading/)
    pull.child.kill('SIGINT')
    const { code, stderr } = await pull.ended
    expect(code).toBe(130)
    const id = /windlass resume (\w+)/.exec(stderr)?.[1] ?? ''
    expect(stderr).toContain('Go on with: windlass resume')
    hub.setCdnRate(undefined)
    expect((await run('resume', id.slice(0, 4))).code).toBe(0)
    expect((await run('watch', id)).code).toBe(0)
    expect((await run('show', id)).stdout).toMatch(/State +complete\n/)
    server.child.kill('SIGTERM')
    await server.ended
  })

  it('refuses a second server on the same home, naming the first', async () => {
    const server = await serve()
    const { code, stderr } = await run('serve')
    expect(code).toBe(1)
    expect(stderr).toContain(String(server.child.pid))
    server.child.kill('SIGTERM')
    await server.ended
  })

  it('deletes nothing unasked, and forgets what is finished', async () => {
    expect((await run('pull', '--detach', 'org/name')).code).toBe(0)
    const refused = await run('cancel', '--all')
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('--yes')
    expect((await run('cancel', '--all', '-y')).stdout).toContain('cancelled; removed 0 files')
    expect((await run('rm', '--all')).stdout).toContain('forgotten')
    expect((await run('ls')).stdout).toBe('')
  })

  it('says so when an id fits nothing or the action is not possible', async () => {
    expect(await run('show', 'nothing')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: .*nothing/),
    })
    await run('pull', '--quiet', 'org/name')
    const { stdout } = await run('ls', '--json')
    const { id } = JSON.parse(stdout) as { id: string }
    const paused = await run('pause', id)
    expect(paused.code).toBe(1)
    expect(paused.stderr).toMatch(/^error: /)
  })

  it('finds no server where none is, and says how to start one', async () => {
    const env = { WINDLASS_SERVER: 'http://127.0.0.1:9', WINDLASS_TOKEN: 'x'.repeat(32) }
    const { code, stderr } = await runWindlass({ dir, endpoint: hub.endpoint, env }, ['ls'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/^error: .+\nhint: .*windlass serve/)
  })

  it('checks what downloads need', async () => {
    const { code, stdout } = await run('doctor')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^ok +Node/)
    expect(stdout).toMatch(/ok +Hub +http:\S+ answers/)
    await hub.close()
    const broken = await run('doctor')
    expect(broken.code).toBe(3)
    expect(broken.stdout).toMatch(/bad +Hub/)
  })

  it('ends quietly when the reader of its output has read enough', async () => {
    await run('pull', '--quiet', 'org/name')
    const ls = start('ls')
    ls.child.stdout?.destroy()
    expect((await ls.ended).stderr).toBe('')
  })
})
