import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listTree, requireTool, runPython } from '@windlass/testkit'
import { afterAll, beforeEach, expect, it, vi } from 'vitest'
import { cacheFaults } from './testing/cache-faults.ts'
import { bring, OTHER_COMMIT, openStore, pull, pullCase } from './testing/pull-case.ts'

/** A process that is killed: from some moment on none of its calls reaches the disk. */
const life = vi.hoisted(() => ({ callsLeft: Number.POSITIVE_INFINITY }))

vi.mock('node:fs/promises', async (importOriginal) => {
  const real = await importOriginal<typeof import('node:fs/promises')>()
  const changing = [
    'appendFile',
    'chmod',
    'copyFile',
    'mkdir',
    'open',
    'rename',
    'rm',
    'rmdir',
    'symlink',
    'utimes',
    'writeFile',
  ] as const
  const mortal = changing.map((name) => [
    name,
    async (...args: unknown[]): Promise<unknown> => {
      if (life.callsLeft <= 0) throw new Error('killed')
      life.callsLeft -= 1
      return await Reflect.apply(real[name], undefined, args)
    },
  ])
  return { ...real, ...Object.fromEntries(mortal) }
})

// Each test starts over some fifty times.
vi.setConfig({ testTimeout: 60_000 })

const REPO = 'models--org--name'
const EARLIER = pullCase({ 'config.json': { content: '{}' } }, { commit: OTHER_COMMIT })
const CASE = pullCase({
  'config.json': { content: '{}' },
  'sub/model.bin': { content: 'weights', lfs: true },
  'copy.bin': { content: 'weights', lfs: true },
})
const VARIANTS = [
  { name: 'links', symlinks: true },
  { name: 'copies', symlinks: false },
]

const root = await mkdtemp(join(tmpdir(), 'windlass-crash-'))
const crashed: string[] = []
beforeEach(revive)
afterAll(async () => {
  revive()
  await rm(root, { recursive: true })
})

function revive(): void {
  life.callsLeft = Number.POSITIVE_INFINITY
}

/** Runs `work` until it is killed after so many calls; false when it ended before. */
async function killed(work: () => Promise<unknown>, calls: number): Promise<boolean> {
  life.callsLeft = calls
  try {
    await work()
    return false
  } catch (error) {
    if (life.callsLeft > 0) throw error
    return true
  } finally {
    revive()
  }
}

/** A cache with an earlier revision in it that shares a file with the one to come. */
async function newCache(symlinks: boolean) {
  const dir = await mkdtemp(join(root, 'c-'))
  const store = openStore(dir, { symlinks })
  await pull(store, EARLIER, 'd0')
  return { dir, store, before: await listTree(dir) }
}

for (const { name, symlinks } of VARIANTS) {
  it(`goes on to the end after a kill at any call of a pull (${name})`, async () => {
    let kills = 0
    for (;;) {
      const { dir, store } = await newCache(symlinks)
      const wasKilled = await killed(() => pull(store, CASE), kills)
      expect(await cacheFaults(join(dir, REPO)), `after ${kills} calls`).toEqual([])
      crashed.push(dir)
      // Another process starts: it knows nothing but the disk.
      const folder = await pull(openStore(dir, { symlinks }), CASE)
      expect(await store.isComplete(CASE.placement, CASE.units)).toBe(true)
      expect(await readFile(join(folder, 'sub/model.bin'), 'utf8')).toBe('weights')
      expect(await readdir(join(dir, REPO))).not.toContain('.windlass')
      if (!wasKilled) break
      kills += 1
    }
    expect(kills).toBeGreaterThan(40)
  })

  it(`removes all of a download that was killed at any call before it was findable (${name})`, async () => {
    for (let kills = 0; ; kills++) {
      const { dir, store, before } = await newCache(symlinks)
      const wasKilled = await killed(() => pull(store, CASE), kills)
      const wasComplete = await store.isComplete(CASE.placement, CASE.units)
      await openStore(dir, { symlinks }).cleanUp(CASE.placement, 'd1')
      expect(await cacheFaults(join(dir, REPO)), `after ${kills} calls`).toEqual([])
      if (wasComplete) expect(await store.isComplete(CASE.placement, CASE.units)).toBe(true)
      else expect(await listTree(dir), `after ${kills} calls`).toEqual(before)
      expect(await readdir(join(dir, REPO))).not.toContain('.windlass')
      if (!wasKilled) break
    }
  })

  it(`finishes a clean-up that was killed at any call (${name})`, async () => {
    for (let kills = 0; ; kills++) {
      const { dir, store, before } = await newCache(symlinks)
      const session = await store.open(CASE.placement, 'd1')
      for (const unit of CASE.units) await bring(session, unit, CASE)
      const wasKilled = await killed(() => store.cleanUp(CASE.placement, 'd1'), kills)
      expect(await cacheFaults(join(dir, REPO)), `after ${kills} calls`).toEqual([])
      crashed.push(dir)
      await openStore(dir, { symlinks }).cleanUp(CASE.placement, 'd1')
      expect(await listTree(dir), `after ${kills} calls`).toEqual(before)
      if (!wasKilled) break
    }
  })
}

it('leaves nothing in a new cache after a kill at any call and a clean-up', async () => {
  for (let kills = 0; ; kills++) {
    const dir = await mkdtemp(join(root, 'n-'))
    const store = openStore(dir)
    const byCommit = { ...CASE.placement, refName: null }
    const session = (): Promise<unknown> =>
      store.open(byCommit, 'd1').then(async (opened) => {
        for (const unit of CASE.units) await bring(opened, unit, CASE)
      })
    const wasKilled = await killed(session, kills)
    await killed(() => store.cleanUp(byCommit, 'd1'), kills % 17)
    await store.cleanUp(byCommit, 'd1')
    const left = await readdir(dir)
    expect(
      left.filter((entry) => entry !== 'CACHEDIR.TAG'),
      `after ${kills} calls`,
    ).toEqual([])
    if (!wasKilled) break
  }
})

it('never left a cache of which the Python client warns', async (context) => {
  const python = requireTool(context, 'huggingface-hub-1')
  expect(crashed.length).toBeGreaterThan(100)
  const { stdout, stderr } = await runPython(python, SCAN, { args: crashed })
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toEqual([])
})

const SCAN = `
import json, sys
from huggingface_hub import scan_cache_dir
print(json.dumps([str(w) for d in sys.argv[1:] for w in scan_cache_dir(d).warnings]))
`
