import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { comesToRest, openFaultWorld } from './fault-world.fixture.ts'
import { theDownload } from './killed-child.fixture.ts'

// Many at once on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

/*
 * D19 and D20 of the catalogue: names that one disk holds and another does not.
 */

it.concurrent('D19: of two names that the disk takes for one, the first stays as it is and the second needs a person', async () => {
  await using world = await openFaultWorld()
  const { commit } = await world.hub.addRepo({
    id: 'org/twins',
    files: [
      { path: 'Model.bin', content: { seed: 'first', sizeBytes: 2_000_000 } },
      { path: 'model.bin', content: { seed: 'second', sizeBytes: 2_000_000 } },
    ],
  })
  const repo = join(world.cache, 'models--org--twins')
  const waiting = await world.open({ start: false })
  const { download } = await waiting.downloads.create({ ref: 'org/twins' })
  await waiting.close()
  // Few machines have a disk that is blind to case. On one that is, our `begun` answers to this name, too.
  const twin = join(repo, '.windlass', download.id, 'BEGUN')
  await mkdir(dirname(twin), { recursive: true })
  await writeFile(twin, '')
  const engine = await world.open()
  const blocked = await comesToRest(engine, await theDownload(engine))
  expect(blocked).toMatchObject({ state: 'blocked', reason: { code: 'NAME_COLLISION' } })
  expect(blocked.reason?.message).toContain('Model.bin and model.bin')
  expect(blocked.reason?.hint).toContain('--exclude')
  expect(existsSync(join(repo, 'snapshots', commit, 'model.bin'))).toBe(false)
  // What was left out by the person is no twin of anything.
  const rest = await engine.downloads.create({ ref: 'org/twins', exclude: ['model.bin'] })
  expect(await comesToRest(engine, rest.download.id)).toMatchObject({ state: 'completed' })
  expect(existsSync(join(repo, 'snapshots', commit, 'Model.bin'))).toBe(true)
  expect(world.sent()).toBeLessThanOrEqual(2 * 2_000_000)
})

it.concurrent('D20: names that are odd elsewhere are kept as they are where the disk holds them', async (context) => {
  context.skip(process.platform === 'win32', 'Windows holds none of them')
  await using world = await openFaultWorld()
  const names = [
    'CON',
    'aux.txt',
    'ends with a dot.',
    'ends with a space ',
    'caf\u00e9',
    'cafe\u0301',
  ]
  const files = names.map((path, index) => ({ path, content: `file ${index}` }))
  const { commit } = await world.hub.addRepo({ id: 'org/odd', files })
  const engine = await world.open()
  const { download } = await engine.downloads.create({ ref: 'org/odd' })
  expect(await comesToRest(engine, download.id)).toMatchObject({ state: 'completed' })
  const snapshot = join(world.cache, 'models--org--odd', 'snapshots', commit)
  for (const { path, content } of files) {
    expect(await readFile(join(snapshot, path), 'utf8')).toBe(content)
  }
  const asked = world.hub.log.filter(({ path }) => path.includes('/resolve/'))
  expect(asked).toHaveLength(names.length)
})

it.concurrent.for(['a:b', 'C:model.bin', 'sub\\..\\..\\x', 'line\nbreak'])(
  'D20: %j could lead elsewhere on another machine, so nothing is fetched',
  async (path) => {
    await using world = await openFaultWorld()
    await world.hub.addRepo({ id: 'org/odd', files: [{ path, content: 'odd' }] })
    const engine = await world.open()
    const { download } = await engine.downloads.create({ ref: 'org/odd' })
    const failed = await comesToRest(engine, download.id)
    expect(failed).toMatchObject({ state: 'failed', reason: { code: 'NAME_INVALID' } })
    expect(failed.reason?.message).toContain(JSON.stringify(path))
    expect(failed.reason?.hint).toContain('rename')
    expect(existsSync(world.cache)).toBe(false)
    expect(world.hub.log.filter(({ path: asked }) => asked.includes('/resolve/'))).toEqual([])
  },
)
