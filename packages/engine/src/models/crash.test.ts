import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listTree } from '@windlass/testkit'
import { afterAll, beforeEach, expect, it, vi } from 'vitest'
import { HubCacheLayout } from '../stores/hub-cache/layout.ts'
import { cacheFaults } from '../stores/hub-cache/testing/cache-faults.ts'
import {
  COMMIT,
  OTHER_COMMIT,
  openStore,
  pull,
  pullCase,
} from '../stores/hub-cache/testing/pull-case.ts'
import { finishRemovals } from './prune-models.ts'
import { removeRepo, removeRevisions } from './remove-revisions.ts'
import { restoreRepaired, setAside } from './set-aside.ts'

/** A process that is killed: from some moment on none of its calls reaches the disk. */
const life = vi.hoisted(() => ({ callsLeft: Number.POSITIVE_INFINITY }))

vi.mock('node:fs/promises', async (importOriginal) => {
  const real = await importOriginal<typeof import('node:fs/promises')>()
  const changing = ['mkdir', 'open', 'rename', 'rm', 'rmdir', 'symlink', 'writeFile'] as const
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

// Each test starts over some twenty times.
vi.setConfig({ testTimeout: 60_000 })

const OLD = pullCase(
  { 'config.json': { content: '{}' }, 'sub/model.bin': { content: 'weights', lfs: true } },
  { commit: OTHER_COMMIT, refName: 'old' },
)
const MAIN = pullCase({
  'config.json': { content: '{"a":1}' },
  'sub/model.bin': { content: 'weights', lfs: true },
  'extra.bin': { content: 'more', lfs: true },
})
const NOW = Date.now()

const root = await mkdtemp(join(tmpdir(), 'windlass-crash-'))
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

async function newCache(symlinks = true) {
  const dir = await mkdtemp(join(root, 'c-'))
  const store = openStore(dir, { symlinks })
  await pull(store, OLD, 'd0')
  const onlyOld = await listTree(dir)
  await pull(store, MAIN, 'd1')
  const layout = new HubCacheLayout(dir, { repoType: 'model', repoId: 'org/name' })
  return { dir, store, layout, onlyOld }
}

it.for([true, false])(
  'a removal killed at any call is finished later, links: %s',
  async (links) => {
    let kills = 0
    for (;;) {
      const { dir, store, layout, onlyOld } = await newCache(links)
      const wasKilled = await killed(() => removeRevisions(layout, [COMMIT]), kills)
      expect(await cacheFaults(layout.repo), `after ${kills} calls`).toEqual([])
      expect(await store.isComplete(OLD.placement, OLD.units)).toBe(true)
      await finishRemovals(dir)
      expect(await cacheFaults(layout.repo), `after ${kills} calls`).toEqual([])
      expect(await readdir(layout.repo)).not.toContain('.windlass')
      await removeRevisions(layout, [COMMIT])
      expect(await listTree(dir), `after ${kills} calls`).toEqual(onlyOld)
      if (!wasKilled) break
      kills += 1
    }
    expect(kills).toBeGreaterThan(8)
  },
)

it('a removal that has taken the snapshot away needs no second request', async () => {
  for (let kills = 0; ; kills++) {
    const { dir, layout, onlyOld } = await newCache()
    const wasKilled = await killed(() => removeRevisions(layout, [COMMIT]), kills)
    const isTaken = !(await readdir(layout.snapshots)).includes(COMMIT)
    await finishRemovals(dir)
    if (isTaken) expect(await listTree(dir), `after ${kills} calls`).toEqual(onlyOld)
    if (!wasKilled) break
  }
})

it('the removal of a repository killed at any call leaves none that readers stumble over', async () => {
  for (let kills = 0; ; kills++) {
    const { dir, layout } = await newCache()
    const commits = [COMMIT, OTHER_COMMIT]
    const wasKilled = await killed(() => removeRepo(layout, { commits, now: NOW }), kills)
    expect(await cacheFaults(layout.repo), `after ${kills} calls`).toEqual([])
    await removeRepo(layout, { commits, now: NOW })
    expect([...(await listTree(dir)).keys()], `after ${kills} calls`).toEqual(['CACHEDIR.TAG'])
    if (!wasKilled) break
  }
})

it('a repair killed at any call ends with good bytes under every name', async () => {
  const digest = MAIN.units.find(({ paths }) => paths.includes('sub/model.bin'))?.key ?? ''
  const place = { commit: COMMIT, path: 'sub/model.bin' }
  for (let kills = 0; ; kills++) {
    const { dir, layout } = await newCache()
    await writeFile(layout.blob(digest), 'wEights')
    const repair = async (): Promise<void> => {
      await setAside(layout, { digest, sizeBytes: 7, place })
      await pull(openStore(dir), { ...MAIN, placement: { ...MAIN.placement, refName: null } }, 'd2')
      await restoreRepaired(layout)
    }
    const wasKilled = await killed(repair, kills)
    expect(await cacheFaults(layout.repo), `after ${kills} calls`).toEqual([])
    await repair()
    for (const commit of [COMMIT, OTHER_COMMIT]) {
      const content = await readFile(layout.file(commit, 'sub/model.bin'), 'utf8')
      expect(content, `after ${kills} calls`).toBe('weights')
    }
    expect(await readdir(layout.repo)).not.toContain('.windlass')
    if (!wasKilled) break
  }
})
