import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sha256File, sha256OfRandomBytes, startFakeHub, tempDir } from '@windlass/testkit'
import { expect, it, vi } from 'vitest'
import { EXIT_CODES } from './exit-codes.ts'
import { runWindlass, startWindlass } from './testing/start-windlass.ts'

vi.setConfig({ testTimeout: 60_000 })

const MIB = 1024 * 1024
const BUG = fileURLToPath(new URL('./testing/planted-bug.fixture.ts', import.meta.url))

const withBug = (victim: string) => ({
  NODE_OPTIONS: `--import=${BUG}`,
  WINDLASS_TEST_BUG: victim,
})

it('P9: what one download throws where nobody catches it ends that one only, and it is tried again', async () => {
  await using dir = await tempDir()
  const hub = await startFakeHub()
  try {
    const repos = await Promise.all(
      ['a', 'b', 'c'].map(async (name) => {
        const content = { seed: name, sizeBytes: 8 * MIB }
        const id = `org/${name}`
        return {
          id,
          content,
          ...(await hub.addRepo({ id, files: [{ path: 'w.bin', content }] })),
        }
      }),
    )
    hub.setCdnRate(MIB)
    const world = { dir, endpoint: hub.endpoint }
    const server = startWindlass({ ...world, env: withBug('download') }, ['serve'])
    await server.said(/Stop with Ctrl-C/)
    const pulls = repos.map(({ id }) => runWindlass(world, ['pull', id]))
    await server.said(/given up for a bug/)
    hub.setCdnRate(undefined)
    const ended = await Promise.all(pulls)
    expect(ended.map(({ code }) => code)).toEqual([0, 0, 0])
    const told = ended.filter(({ stderr }) => stderr.includes('a planted bug of download'))
    expect(told).toHaveLength(1)
    for (const { id, content, commit } of repos) {
      const folder = `models--${id.replace('/', '--')}`
      const file = join(dir.path, 'hf', 'hub', folder, 'snapshots', commit, 'w.bin')
      expect(await sha256File(file)).toBe(await sha256OfRandomBytes(content))
    }
    const fromCdn = hub.log.filter(({ role }) => role === 'cdn')
    const sent = fromCdn.reduce((sum, { bytesSent }) => sum + bytesSent, 0)
    // What was on its way over the connections of that one download comes twice.
    expect(sent).toBeLessThan(3 * 8 * MIB + 8 * MIB)
    server.child.kill('SIGTERM')
    expect(await server.ended).toMatchObject({ code: 0 })
    expect(server.output().stderr.match(/given up for a bug/g)).toHaveLength(1)
  } finally {
    await hub.close()
  }
})

it('P9: what is thrown on behalf of no download ends the program as a bug', async () => {
  await using dir = await tempDir()
  const world = { dir, endpoint: 'http://127.0.0.1:1', env: withBug('nobody') }
  const { code, stderr } = await startWindlass(world, ['serve']).ended
  expect(code).toBe(EXIT_CODES.bug)
  expect(stderr).toContain('a planted bug of nobody')
})

it('P9: a download that is stuck when it is given up takes the program along, and goes on with the next one', async () => {
  await using dir = await tempDir()
  const hub = await startFakeHub()
  try {
    const content = { seed: 'a', sizeBytes: 8 * MIB }
    await hub.addRepo({ id: 'org/a', files: [{ path: 'w.bin', content }] })
    const world = { dir, endpoint: hub.endpoint }
    const server = startWindlass({ ...world, env: withBug('stuck') }, ['serve'])
    await server.said(/Stop with Ctrl-C/)
    const pull = runWindlass(world, ['pull', 'org/a'])
    const { code, stderr } = await server.ended
    expect(code).toBe(EXIT_CODES.bug)
    expect(stderr).toContain('error: This is a bug in Windlass')
    await pull
    expect((await runWindlass(world, ['pull', '--quiet', 'org/a'])).code).toBe(0)
  } finally {
    await hub.close()
  }
})
