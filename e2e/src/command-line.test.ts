import { join } from 'node:path'
import { type HubFileSpec, sha256File, sha256OfRandomBytes } from '@windlass/testkit'
import { expect, test } from 'vitest'
import { hashesIn, hashesOf, leftovers } from './support/cache-state.ts'
import { bytesFetchedAgain, cdnBytes, ofCdn } from './support/hub-log.ts'
import { until } from './support/until.ts'
import { openWorld } from './support/world.ts'

const MB = 1_000_000
const MIB = 1024 * 1024
const BIG = { path: 'model.safetensors', content: { seed: 'big', sizeBytes: 20 * MB } }
const SMALL: HubFileSpec = { path: 'config.json', content: '{}' }

test('the last line of stdout is the path, of each reference in its order', async () => {
  await using world = await openWorld()
  const one = await world.hub.addRepo({ id: 'org/one', files: [SMALL] })
  const two = await world.hub.addRepo({ id: 'org/two', files: [SMALL], tags: ['v1'] })
  const paths = [
    join(world.cache, 'models--org--one/snapshots', one.commit),
    join(world.cache, 'models--org--two/snapshots', two.commit),
  ]
  const both = await world.run(['pull', 'org/one', 'org/two@v1'])
  expect(both).toMatchObject({ exitCode: 0, stdout: `${paths.join('\n')}\n` })
  world.hub.clearLog()
  const again = await world.run(['pull', 'org/two', '--revision', 'v1', '--quiet'])
  expect(again).toMatchObject({ exitCode: 0, stdout: `${paths[1]}\n`, stderr: '' })
})

test('--json writes one object per line, the result last', async () => {
  await using world = await openWorld()
  const { commit } = await world.hub.addRepo({ id: 'org/one', files: [SMALL] })
  const { exitCode, stdout, stderr } = await world.run(['pull', 'org/one', '--json'])
  expect(exitCode, stderr).toBe(0)
  const objects = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(objects.length).toBeGreaterThan(3)
  expect(objects.at(-1)).toMatchObject({
    type: 'result',
    exitCode: 0,
    downloads: [{ ref: 'org/one', path: join(world.cache, 'models--org--one/snapshots', commit) }],
  })
})

test('--dry-run says what it would fetch and writes nothing to the cache', async () => {
  await using world = await openWorld()
  await world.hub.addRepo({ id: 'org/big', files: [BIG, SMALL] })
  const planned = await world.run(['pull', 'org/big', '--dry-run'])
  expect(planned.exitCode, planned.stderr).toBe(0)
  expect(planned.stdout + planned.stderr).toContain(BIG.path)
  expect(cdnBytes(world.hub)).toBe(0)
  await expect(leftovers(world.cache)).rejects.toMatchObject({ code: 'ENOENT' })
})

test.for([
  { what: 'a gated repository', spec: { gated: 'auto' as const }, exitCode: 3 },
  { what: 'a private repository', spec: { private: true }, exitCode: 3 },
  { what: 'a repository that was taken down', spec: { disabled: true }, exitCode: 1 },
])(
  '$what ends with $exitCode, and with a token that has access with 0',
  async ({ spec, exitCode }) => {
    await using world = await openWorld()
    await world.hub.addRepo({ id: 'org/closed', files: [SMALL], tokens: ['hf_in'], ...spec })
    const refused = await world.run(['pull', 'org/closed'])
    expect(refused).toMatchObject({ exitCode, stdout: '' })
    expect(refused.stderr).toContain('org/closed')
    if (exitCode !== 3) return
    const admitted = await world.run(['pull', 'org/closed'], { env: { HF_TOKEN: 'hf_in' } })
    expect(admitted.exitCode, admitted.stderr).toBe(0)
    expect(ofCdn(world.hub).filter(({ headers }) => headers.authorization)).toEqual([])
  },
)

test.for([
  { what: 'no reference', args: ['pull'] },
  { what: 'no such command', args: ['fetch', 'org/one'] },
  { what: 'no such flag', args: ['pull', 'org/one', '--no-such-flag'] },
  { what: 'no reference that anything understands', args: ['pull', 'what is this'] },
  {
    what: 'a setting that makes no sense',
    args: ['pull', 'org/one'],
    env: { WINDLASS_CONNECTIONS: 'many' },
  },
])('$what is an error of usage', async ({ args, env = {} }) => {
  await using world = await openWorld()
  const refused = await world.run(args, { env })
  expect(refused.exitCode, refused.stderr).toBe(2)
  expect(refused.stdout).toBe('')
  expect(refused.stderr).not.toBe('')
  expect(world.hub.log).toEqual([])
})

test('a file that is not there, a revision that is not there: each is told as what it is', async () => {
  await using world = await openWorld()
  await world.hub.addRepo({ id: 'org/one', files: [SMALL] })
  const revision = await world.run(['pull', 'org/one@none'])
  expect(revision.exitCode, revision.stderr).toBe(1)
  expect(revision.stderr).toContain('none')
  const filtered = await world.run(['pull', 'org/one', '--include', '*.nothing'])
  expect(filtered.exitCode, filtered.stderr).not.toBe(70)
})

test('a Hub that fails twice is waited for, and nobody has to do anything', async () => {
  await using world = await openWorld()
  await world.hub.addRepo({ id: 'org/one', files: [SMALL] })
  const match = { role: 'hub', path: '/api/models', times: 2 }
  const failing = world.hub.fault({ match, do: { status: 503 } })
  const done = await world.run(['pull', 'org/one'])
  expect(done.exitCode, done.stderr).toBe(0)
  expect(failing.hits).toBe(2)
  expect(await hashesIn(done.stdout.trim())).toEqual(await hashesOf([SMALL]))
})

test('Ctrl-C keeps everything, ends with 130 and says how to go on; doing so goes on', async () => {
  await using world = await openWorld()
  await world.hub.addRepo({ id: 'org/big', files: [BIG] })
  world.hub.setCdnRate(MB / 4)
  const pulling = world.start(['pull', 'org/big'])
  await until(() => cdnBytes(world.hub) > 6 * MB, { what: 'bytes arrive' })
  pulling.kill('SIGINT')
  const stopped = await pulling.ended
  expect(stopped).toMatchObject({ exitCode: 130, signal: null, stdout: '' })
  expect(stopped.stderr).toContain('windlass pull org/big')
  world.hub.setCdnRate(undefined)
  const done = await world.run(['pull', 'org/big'])
  expect(done.exitCode, done.stderr).toBe(0)
  expect(await sha256File(join(done.stdout.trim(), BIG.path))).toBe(
    await sha256OfRandomBytes(BIG.content),
  )
  // Paused in good order: no byte that had arrived is fetched again but what was on its way.
  expect(Math.max(...bytesFetchedAgain(ofCdn(world.hub)))).toBeLessThanOrEqual(MIB)
})

test('a pull that watches a server takes over when the server is killed', async () => {
  await using world = await openWorld()
  await world.hub.addRepo({ id: 'org/big', files: [BIG, SMALL] })
  world.hub.setCdnRate(MB / 4)
  const served = await world.serve()
  const pulling = world.start(['pull', 'org/big'])
  await until(() => cdnBytes(world.hub) > 4 * MB, { what: 'bytes arrive' })
  served.kill('SIGKILL')
  await served.ended
  const done = await pulling.ended
  expect(done.exitCode, done.stderr).toBe(0)
  expect(await hashesIn(done.stdout.trim())).toEqual(await hashesOf([BIG, SMALL]))
  expect(Math.max(...bytesFetchedAgain(ofCdn(world.hub)))).toBeLessThanOrEqual(MIB)
})

test('a second pull takes over the home, and what the first was doing, when that is killed', async () => {
  await using world = await openWorld()
  const other = { path: 'other.safetensors', content: { seed: 'other', sizeBytes: 20 * MB } }
  await world.hub.addRepo({ id: 'org/first', files: [BIG] })
  await world.hub.addRepo({ id: 'org/second', files: [other] })
  world.hub.setCdnRate(MB / 4)
  const first = world.start(['pull', 'org/first'])
  await until(() => cdnBytes(world.hub) > MB, { what: 'the first receives' })
  const second = world.start(['pull', 'org/second'])
  await until(() => new Set(ofCdn(world.hub).map(({ path }) => path)).size === 2, {
    what: 'the second receives',
  })
  first.kill('SIGKILL')
  await first.ended
  world.hub.setCdnRate(undefined)
  const done = await second.ended
  expect(done.exitCode, done.stderr).toBe(0)
  expect(await hashesIn(done.stdout.trim())).toEqual(await hashesOf([other]))
  const resumed = await world.run(['pull', 'org/first'])
  expect(resumed.exitCode, resumed.stderr).toBe(0)
  expect(await hashesIn(resumed.stdout.trim())).toEqual(await hashesOf([BIG]))
  expect(Math.max(...bytesFetchedAgain(ofCdn(world.hub)))).toBeLessThanOrEqual(MIB)
})

test('a second server on a home is refused with the process id of the first', async () => {
  await using world = await openWorld()
  const served = await world.serve()
  const second = await world.run(['serve', '--port', '0'])
  expect(second.exitCode, second.stderr).toBe(1)
  expect(second.stderr).toContain(String(served.pid))
  expect((await served.client.health()).status).toBe('ok')
})

test('a command reaches the server of its home and shows what it does', async () => {
  await using world = await openWorld()
  await world.hub.addRepo({ id: 'org/big', files: [BIG] })
  // For each connection: the file must outlast two commands on a busy machine.
  world.hub.setCdnRate(MB / 8)
  const served = await world.serve()
  const { download } = await served.client.start({ ref: 'org/big' })
  await until(() => cdnBytes(world.hub) > MB, { what: 'bytes arrive' })
  const listed = await world.run(['ls'])
  expect(listed.exitCode, listed.stderr).toBe(0)
  expect(listed.stdout).toContain(download.id)
  const cancelled = await world.run(['cancel', download.id, '--yes'])
  expect(cancelled.exitCode, cancelled.stderr).toBe(0)
  expect((await served.client.find(download.id)).state).toBe('cancelled')
})
