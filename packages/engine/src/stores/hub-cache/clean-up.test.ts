import { mkdir, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { listTree, tempDir } from '@windlass/testkit'
import { expect, it } from 'vitest'
import type { StoreSession } from '../store.ts'
import { cacheFaults } from './testing/cache-faults.ts'
import {
  bring,
  COMMIT,
  never,
  OTHER_COMMIT,
  openStore,
  type PullCase,
  pull,
  pullCase,
} from './testing/pull-case.ts'

const REPO = 'models--org--name'
const CASE = pullCase({
  'config.json': { content: '{}' },
  'sub/model.bin': { content: 'weights', lfs: true },
  'copy.bin': { content: 'weights', lfs: true },
  'other.bin': { content: 'more', lfs: true },
})

it('removes every byte of a download that was stopped, and the folders it made', async () => {
  await using dir = await tempDir()
  const store = openStore(dir.path)
  const session = await store.open(CASE.placement, 'd1')
  const [config, weights, other] = CASE.units
  if (!config || !weights || !other) expect.unreachable()
  await bring(session, config, CASE)
  await bring(session, weights, CASE)
  await stage(session, CASE, 2, 'mo')
  expect(await store.cleanUp(CASE.placement, 'd1')).toEqual({ files: 3, bytes: 2 + 7 + 2 })
  expect(await readdir(dir.path)).toEqual(['CACHEDIR.TAG'])
  expect(await store.cleanUp(CASE.placement, 'd1')).toEqual({ files: 0, bytes: 0 })
})

it('gives back exactly what was there before, where another revision shares files', async () => {
  await using dir = await tempDir()
  const store = openStore(dir.path)
  const earlier = pullCase({ 'config.json': { content: '{}' } }, { commit: OTHER_COMMIT })
  await pull(store, earlier, 'd0')
  const before = await listTree(dir.path)
  const session = await store.open(CASE.placement, 'd1')
  for (const unit of CASE.units) await bring(session, unit, CASE)
  expect(await store.cleanUp(CASE.placement, 'd1')).toEqual({ files: 2, bytes: 11 })
  expect(await listTree(dir.path)).toEqual(before)
})

it('gives back a filtered snapshot of the same commit as it was', async () => {
  await using dir = await tempDir()
  const store = openStore(dir.path)
  await pull(store, { ...CASE, units: CASE.units.slice(0, 1) }, 'd0')
  const before = await listTree(dir.path)
  await nextInstant(dir.path)
  const session = await store.open(CASE.placement, 'd1')
  for (const unit of CASE.units) await bring(session, unit, CASE)
  expect(await store.cleanUp(CASE.placement, 'd1')).toEqual({ files: 2, bytes: 11 })
  expect(await listTree(dir.path)).toEqual(before)
})

it.each([
  ['a ref', 'refs/v1', COMMIT],
  ['a listing', `trees/${COMMIT}.json`, '{}'],
  ['a file of its own', `snapshots/${COMMIT}/extra.txt`, 'extra'],
])('keeps a snapshot to which somebody else has added %s since', async (_, path, content) => {
  await using dir = await tempDir()
  const store = openStore(dir.path)
  const session = await store.open(CASE.placement, 'd1')
  for (const unit of CASE.units.slice(0, 2)) await bring(session, unit, CASE)
  await stage(session, CASE, 2, 'mo')
  await mkdir(join(dir.join(REPO, path), '..'), { recursive: true })
  await writeFile(dir.join(REPO, path), content)
  expect(await store.cleanUp(CASE.placement, 'd1')).toEqual({ files: 1, bytes: 2 })
  expect(await readdir(dir.join(REPO))).not.toContain('.windlass')
  expect(await readdir(dir.join(REPO, 'snapshots', COMMIT))).toContain('config.json')
  expect(await cacheFaults(dir.join(REPO))).toEqual([])
})

it('keeps a blob that another snapshot has linked since', async () => {
  await using dir = await tempDir()
  const store = openStore(dir.path)
  const session = await store.open(CASE.placement, 'd1')
  for (const unit of CASE.units) await bring(session, unit, CASE)
  const [, weights] = CASE.units
  await mkdir(dir.join(REPO, 'snapshots', OTHER_COMMIT))
  const link = dir.join(REPO, 'snapshots', OTHER_COMMIT, 'm.bin')
  await symlink(`../../blobs/${weights?.key}`, link)
  await store.cleanUp(CASE.placement, 'd1')
  expect(await readdir(dir.join(REPO, 'blobs'))).toEqual([weights?.key])
  expect((await stat(link)).size).toBe(7)
  expect(await readdir(dir.join(REPO, 'snapshots'))).toEqual([OTHER_COMMIT])
})

it('leaves to another running download what that one counts on, which removes it in its turn', async () => {
  await using dir = await tempDir()
  const store = openStore(dir.path)
  const first = await store.open(CASE.placement, 'd1')
  const second = await store.open(CASE.placement, 'd2')
  for (const unit of CASE.units) await bring(first, unit, CASE)
  for (const unit of CASE.units.slice(0, 2)) expect(await bring(second, unit, CASE)).toBe('adopted')
  expect(await store.cleanUp(CASE.placement, 'd1')).toEqual({ files: 1, bytes: 4 })
  expect(await cacheFaults(dir.join(REPO))).toEqual([])
  expect(await store.survey(CASE.placement, CASE.units)).toEqual(
    new Set(CASE.units.slice(0, 2).map((unit) => unit.key)),
  )
  expect(await store.cleanUp(CASE.placement, 'd2')).toEqual({ files: 2, bytes: 9 })
  expect(await readdir(dir.path)).toEqual(['CACHEDIR.TAG'])
})

it('keeps what another download has finished with in the meantime', async () => {
  await using dir = await tempDir()
  const store = openStore(dir.path)
  const session = await store.open(CASE.placement, 'd1')
  for (const unit of CASE.units) await bring(session, unit, CASE)
  await pull(store, CASE, 'd2')
  expect(await store.cleanUp(CASE.placement, 'd1')).toEqual({ files: 0, bytes: 0 })
  expect(await store.isComplete(CASE.placement, CASE.units)).toBe(true)
})

it('keeps what another download has finished with, although nothing but the listing’s time changed', async () => {
  await using dir = await tempDir()
  const store = openStore(dir.path)
  const byCommit = { ...CASE, placement: { ...CASE.placement, refName: null } }
  await pull(store, { ...byCommit, units: CASE.units.slice(0, 1) }, 'd0')
  await nextInstant(dir.path)
  const session = await store.open(byCommit.placement, 'd1')
  for (const unit of CASE.units) await bring(session, unit, CASE)
  await pull(store, byCommit, 'd2')
  await store.cleanUp(byCommit.placement, 'd1')
  expect(await store.isComplete(byCommit.placement, CASE.units)).toBe(true)
})

it('never follows a link out of the cache, whatever its notes say', async () => {
  await using dir = await tempDir()
  await using elsewhere = await tempDir()
  const store = openStore(dir.path)
  const session = await store.open(CASE.placement, 'd1')
  for (const unit of CASE.units) await bring(session, unit, CASE)
  const target = `../../../blobs/${CASE.units[1]?.key}`
  await symlink(target, elsewhere.join('model.bin'))
  await rm(dir.join(REPO, 'snapshots', COMMIT, 'sub'), { recursive: true })
  await symlink(elsewhere.path, dir.join(REPO, 'snapshots', COMMIT, 'sub'))
  const forged = [
    { kind: 'blob', name: '../../../victim' },
    { kind: 'file', commit: COMMIT, path: '../../../victim', sizeBytes: 8 },
    { kind: 'tree', commit: '../../victim' },
    { kind: 'link', commit: COMMIT, path: 'sub', blob: 'a'.repeat(40) },
  ].map((entry) => `${JSON.stringify({ op: 'made', entry })}\n`)
  await writeFile(dir.join('victim'), 'precious')
  await writeFile(dir.join(REPO, '.windlass/d1/manifest'), forged.join(''), { flag: 'a' })
  await store.cleanUp(CASE.placement, 'd1')
  expect(await readdir(elsewhere.path)).toEqual(['model.bin'])
  expect(await readdir(dir.path)).toContain('victim')
})

it('removes files that lie in the snapshot itself, and not those that were there', async () => {
  await using dir = await tempDir()
  const store = openStore(dir.path, { symlinks: false })
  await pull(store, { ...CASE, units: CASE.units.slice(0, 1) }, 'd0')
  const before = await listTree(dir.path)
  await nextInstant(dir.path)
  const session = await store.open(CASE.placement, 'd1')
  for (const unit of CASE.units) await bring(session, unit, CASE)
  expect(await store.cleanUp(CASE.placement, 'd1')).toEqual({ files: 3, bytes: 18 })
  expect(await listTree(dir.path)).toEqual(before)
})

it('leaves a repository folder alone that holds something of somebody else', async () => {
  await using dir = await tempDir()
  const store = openStore(dir.path)
  await store.open(CASE.placement, 'd1')
  await mkdir(dir.join(REPO, '.no_exist', COMMIT), { recursive: true })
  await store.cleanUp(CASE.placement, 'd1')
  expect((await readdir(dir.join(REPO))).sort()).toEqual(['.no_exist', 'blobs', 'snapshots'])
})

it('reads past a note that a kill cut short, before and after it goes on', async () => {
  await using dir = await tempDir()
  const store = openStore(dir.path)
  const [config, weights] = CASE.units
  if (!config || !weights) expect.unreachable()
  await bring(await store.open(CASE.placement, 'd1'), config, CASE)
  await writeFile(dir.join(REPO, '.windlass/d1/manifest'), '{"op":"made","entry":{"ki', {
    flag: 'a',
  })
  await bring(await store.open(CASE.placement, 'd1'), weights, CASE)
  expect(await store.cleanUp(CASE.placement, 'd1')).toEqual({ files: 2, bytes: 9 })
  expect(await readdir(dir.path)).toEqual(['CACHEDIR.TAG'])
})

async function stage(
  session: StoreSession,
  pulled: PullCase,
  index: number,
  text: string,
): Promise<void> {
  const unit = pulled.units[index]
  if (unit === undefined) expect.unreachable()
  const claim = await session.claim(unit, { signal: never, onWait: () => undefined })
  if (claim.kind !== 'staged') expect.unreachable()
  await writeFile(claim.staged.partPath, text)
  await writeFile(claim.staged.journalPath, 'journal')
}

/** Returns when the file system's clock has moved on: it ticks every few milliseconds only. */
async function nextInstant(folder: string): Promise<void> {
  const probe = join(folder, 'probe')
  await writeFile(probe, '')
  const { ctimeMs } = await stat(probe)
  do await writeFile(probe, 'x')
  while ((await stat(probe)).ctimeMs === ctimeMs)
  await rm(probe)
}
