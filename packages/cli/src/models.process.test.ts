import { open, readdir } from 'node:fs/promises'
import { type FakeHub, startFakeHub, type TempDir, tempDir } from '@windlass/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runWindlass, startWindlass } from './testing/start-windlass.ts'

const WEIGHTS = { seed: 'weights', sizeBytes: 3_000_000 }

describe('windlass models', { timeout: 120_000 }, () => {
  let hub: FakeHub
  let dir: TempDir
  let commit: string
  const run = (...args: string[]) => runWindlass({ dir, endpoint: hub.endpoint }, args)

  beforeEach(async () => {
    dir = await tempDir()
    hub = await startFakeHub()
    const files = [
      { path: 'config.json', content: '{"a":1}' },
      { path: 'model.bin', content: WEIGHTS },
    ]
    commit = (await hub.addRepo({ id: 'org/name', files })).commit
  })

  afterEach(async () => {
    await hub.close()
    await dir.remove()
  })

  it('says what is there, and how much room it takes', async () => {
    expect((await run('models', 'ls')).stderr).toContain('No models in the cache')
    expect((await run('models', 'status', 'org/name')).code).toBe(1)
    expect((await run('pull', 'org/name')).code).toBe(0)
    const { stdout, code } = await run('models', 'ls')
    expect(code).toBe(0)
    expect(stdout).toMatch(
      new RegExp(`org/name +${commit.slice(0, 12)} +main +3\\.0 MB +2 of 2 +DOWNLOADED\\n`),
    )
    const listed = JSON.parse((await run('models', 'ls', '--json')).stdout)
    expect(listed).toMatchObject({ model: { hf_repo: 'org/name', hf_commit: commit } })
    const status = await run('models', 'status', 'org/name')
    expect(status.code).toBe(0)
    expect(status.stdout).toMatch(/Status +DOWNLOADED\n/)
    expect(status.stdout).toContain(dir.join('hf/hub/models--org--name/snapshots', commit))
    const space = JSON.parse((await run('models', 'space', '--json')).stdout)
    expect(space).toMatchObject({ cache_path: dir.join('hf/hub') })
    expect(space.cache_size_bytes).toBeGreaterThan(WEIGHTS.sizeBytes)
    expect((await run('models', 'space')).stdout).toMatch(/Holds +3\.0 MB\n/)
  })

  it('finds a wrong byte and fetches the file again, with and without a server', async () => {
    await run('pull', 'org/name')
    for (const served of [false, true]) {
      const server = served ? startWindlass({ dir, endpoint: hub.endpoint }, ['serve']) : null
      await server?.said(/Stop with Ctrl-C/)
      await flipByte()
      const found = await run('models', 'verify', 'org/name')
      expect([found.code, found.stdout]).toEqual([1, expect.stringContaining('model.bin')])
      expect(found.stdout).not.toContain('config.json')
      const repaired = await run('models', 'verify', 'org/name', '--repair')
      expect([repaired.code, repaired.stderr]).toEqual([0, ''])
      expect(repaired.stdout).toContain('repaired, 1 file')
      const again = await run('models', 'verify', 'org/name', '--json')
      expect([again.code, JSON.parse(again.stdout).status]).toEqual([0, 'VERIFIED'])
      server?.child.kill('SIGINT')
      expect((await server?.ended)?.code ?? 0).toBe(0)
    }
  })

  it('removes only when it is told to, and says what that freed', async () => {
    await run('pull', 'org/name')
    const unasked = await run('models', 'rm', 'org/name')
    expect([unasked.code, unasked.stderr]).toEqual([2, expect.stringContaining('--yes')])
    expect((await run('models', 'status', 'org/name')).code).toBe(0)
    const removed = await run('models', 'rm', 'org/name@main', '--yes')
    expect([removed.code, removed.stdout]).toEqual([
      0,
      `org/name@${commit.slice(0, 12)}: deleted; freed 2 files, 3.0 MB\n`,
    ])
    const gone = await run('models', 'rm', 'org/name', '-y')
    expect([gone.code, gone.stderr]).toEqual([1, expect.stringContaining('no such model')])
    expect(await readdir(dir.join('hf/hub'))).not.toContain('models--org--name')
  })

  it('prunes what a branch has left', async () => {
    await run('pull', 'org/name')
    await hub.commit({ id: 'org/name', files: [{ path: 'config.json', content: '{"a":2}' }] })
    await run('pull', 'org/name')
    const dry = await run('models', 'prune', '--dry-run')
    expect(dry.stdout).toContain(`org/name  ${commit.slice(0, 12)}  revision`)
    expect(dry.stdout).toContain('would free 1 file, 7 B')
    expect((await run('models', 'prune')).code).toBe(2)
    expect((await run('models', 'prune', '--yes')).stdout).toContain('freed 1 file, 7 B')
    const nothing = await run('models', 'prune', '--yes')
    expect([nothing.code, nothing.stderr]).toEqual([0, 'Nothing to remove.\n'])
  })

  it('explains itself, and refuses what makes no sense', async () => {
    const help = await run('models', '--help')
    expect(help.code).toBe(0)
    for (const verb of ['ls', 'status', 'verify', 'rm', 'prune', 'space']) {
      expect(help.stdout).toContain(`  ${verb}`)
      expect((await run('models', verb, '--help')).code).toBe(0)
    }
    expect((await run('models', 'status', 'no good')).code).toBe(2)
    expect((await run('models', 'status')).code).toBe(2)
    expect((await run('models', 'verify', 'org/none')).code).toBe(1)
  })

  async function flipByte(): Promise<void> {
    const path = dir.join('hf/hub/models--org--name/snapshots', commit, 'model.bin')
    const handle = await open(path, 'r+')
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, 1_000_000)
    await handle.write(Buffer.from([(buffer[0] ?? 0) ^ 1]), 0, 1, 1_000_000)
    await handle.close()
  }
})
