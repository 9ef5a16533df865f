import { mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { listTree } from '@windlass/testkit'
import { expect, it } from 'vitest'
import { openHubEngine } from '../faults/hub-engine.fixture.ts'
import { HubCacheLayout } from '../stores/hub-cache/layout.ts'
import { cacheFaults } from '../stores/hub-cache/testing/cache-faults.ts'
import { COMMIT, never, OTHER_COMMIT } from '../stores/hub-cache/testing/pull-case.ts'
import { RemovalBin } from './removal-bin.ts'
import { removeRevisions } from './remove-revisions.ts'
import {
  addTwoRevisions,
  completed,
  NEW_BYTES,
  OLD_BYTES,
  pullTwoRevisions,
  received,
  SHARED_BYTES,
} from './two-revisions-fixture.ts'

const REPO = 'hf/hub/models--org--name'
const signal = never

it('frees only what no other revision needs, and tells how much', async () => {
  await using world = await openHubEngine()
  const { old, main } = await pullTwoRevisions(world)
  const { models } = world.engine
  const query = { hf_repo: 'org/name', hf_commit: 'main' }
  const before = await listTree(world.dir.join('hf/hub'))
  const planned = await models.remove({ ...query, dry_run: true })
  expect(await listTree(world.dir.join('hf/hub'))).toEqual(before)
  expect(planned).toEqual({
    status: 'deleted',
    model: { hf_repo: 'org/name', hf_commit: main },
    dry_run: true,
    receipt: { files: 2, bytes: NEW_BYTES },
  })
  expect(await models.remove(query)).toEqual({ ...planned, dry_run: false })
  expect(await cacheFaults(world.dir.join(REPO))).toEqual([])
  expect(await readdir(world.dir.join(REPO, 'snapshots'))).toEqual([old])
  expect(await readdir(world.dir.join(REPO, 'refs'))).toEqual(['old'])
  expect(await readdir(world.dir.join(REPO, 'trees'))).toEqual([`${old}.json`])
  expect(await readdir(world.dir.join(REPO))).not.toContain('.windlass')
  const left = await models.status({ hf_repo: 'org/name', hf_commit: old }, { signal })
  expect(left).toMatchObject({ status: 'DOWNLOADED', size_bytes: OLD_BYTES + SHARED_BYTES })
  expect((await models.list()).models).toHaveLength(1)
})

it.for([
  ['the repository', undefined, 4, OLD_BYTES + NEW_BYTES + SHARED_BYTES],
  ['its last revision', 'old', 2, OLD_BYTES + SHARED_BYTES],
] as const)('leaves nothing of a repository when %s goes', async ([, last, files, bytes]) => {
  await using world = await openHubEngine()
  await pullTwoRevisions(world)
  const { models } = world.engine
  if (last !== undefined) await models.remove({ hf_repo: 'org/name', hf_commit: 'main' })
  const query = { hf_repo: 'org/name', hf_commit: last }
  expect((await models.remove({ ...query, dry_run: true })).receipt).toEqual({ files, bytes })
  expect((await models.remove(query)).receipt).toEqual({ files, bytes })
  expect([...(await listTree(world.dir.join('hf/hub'))).keys()]).toEqual(['CACHEDIR.TAG'])
  await expect(models.remove({ hf_repo: 'org/name' })).rejects.toMatchObject({
    code: 'MODEL_NOT_FOUND',
    status: 404,
  })
})

it('cancels a download of it first, and leaves the other revision whole', async () => {
  await using world = await openHubEngine()
  const { old } = await addTwoRevisions(world)
  await world.pullOnce('org/name@old')
  const before = await listTree(world.dir.join('hf/hub'))
  world.hub.setCdnRate(300_000)
  const { models, downloads } = world.engine
  const { task_id } = await models.download({ hf_repo: 'org/name' }, { signal })
  await received(world, task_id ?? '')
  const deleted = await models.remove({ hf_repo: 'org/name', hf_commit: 'main' })
  expect(deleted.status).toBe('cancelled')
  expect((await downloads.find(task_id ?? '')).state).toBe('cancelled')
  expect(await listTree(world.dir.join('hf/hub'))).toEqual(before)
  expect(await models.status({ hf_repo: 'org/name', hf_commit: old }, { signal })).toMatchObject({
    status: 'DOWNLOADED',
  })
})

it('leaves to a running download of another revision what that one counts on', async () => {
  await using world = await openHubEngine()
  await addTwoRevisions(world)
  await world.pullOnce('org/name@old')
  world.hub.setCdnRate(1_000_000)
  const { models } = world.engine
  const { task_id } = await models.download({ hf_repo: 'org/name' }, { signal })
  await received(world, task_id ?? '')
  await models.remove({ hf_repo: 'org/name', hf_commit: 'old' })
  expect(await cacheFaults(world.dir.join(REPO))).toEqual([])
  world.hub.setCdnRate(undefined)
  await completed(world, task_id ?? '')
  expect(await models.status({ hf_repo: 'org/name' }, { signal })).toMatchObject({
    status: 'DOWNLOADED',
    size_bytes: NEW_BYTES + SHARED_BYTES,
  })
})

it('leaves what somebody else has put into the folder', async () => {
  await using world = await openHubEngine()
  await pullTwoRevisions(world)
  await writeFile(world.dir.join(REPO, 'notes.txt'), 'mine')
  await world.engine.models.remove({ hf_repo: 'org/name' })
  expect(await readFile(world.dir.join(REPO, 'notes.txt'), 'utf8')).toBe('mine')
  expect(await cacheFaults(world.dir.join(REPO))).toEqual([])
})

it('finishes at the next start what a kill cut off', async () => {
  await using world = await openHubEngine()
  const { main, old } = await pullTwoRevisions(world)
  const bin = world.dir.join(REPO, '.windlass/.removed')
  await mkdir(bin, { recursive: true })
  await rename(world.dir.join(REPO, 'refs/main'), world.dir.join('gone'))
  await rename(world.dir.join(REPO, 'snapshots', main), join(bin, main))
  expect(await cacheFaults(world.dir.join(REPO))).toEqual([])
  await world.engine.close()
  await using next = await openHubEngine({ environment: { HF_HOME: world.dir.join('hf') } })
  // A removal waits for its turn behind those that are finished.
  await next.engine.models.prune({ dry_run: true })
  expect(await readdir(world.dir.join(REPO))).not.toContain('.windlass')
  expect(await readdir(world.dir.join(REPO, 'trees'))).toEqual([`${old}.json`])
  expect((await next.engine.models.list()).size_bytes).toBe(OLD_BYTES + SHARED_BYTES)
})

it('puts a blob back that somebody linked while it was on its way out', async () => {
  await using world = await openHubEngine()
  const layout = new HubCacheLayout(world.dir.path, { repoType: 'model', repoId: 'org/name' })
  const blob = 'b'.repeat(40)
  await mkdir(layout.blobs, { recursive: true })
  await mkdir(layout.snapshot(COMMIT), { recursive: true })
  await writeFile(layout.blob(blob), 'content')
  await symlink(`../../blobs/${blob}`, layout.file(COMMIT, 'a.txt'))
  const bin = new RemovalBin(layout, { onUnlinked: async () => 0 })
  await bin.takeSnapshot(COMMIT)
  // As a crash leaves it: the blob taken, its fate open.
  await rename(layout.blob(blob), join(layout.windlass, '.removed', blob))
  await mkdir(layout.snapshot(OTHER_COMMIT), { recursive: true })
  await symlink(`../../blobs/${blob}`, layout.file(OTHER_COMMIT, 'a.txt'))
  expect(await removeRevisions(layout, [])).toEqual({ files: 0, bytes: 0 })
  expect(await readFile(layout.file(OTHER_COMMIT, 'a.txt'), 'utf8')).toBe('content')
})

it('removes files that lie in the snapshot itself', async () => {
  await using world = await openHubEngine({ environment: { HF_HUB_DISABLE_SYMLINKS: '1' } })
  await pullTwoRevisions(world)
  const { models } = world.engine
  const { receipt } = await models.remove({ hf_repo: 'org/name', hf_commit: 'main' })
  // Without links each revision has a copy of its own.
  expect(receipt).toEqual({ files: 3, bytes: NEW_BYTES + SHARED_BYTES })
  expect((await models.list()).size_bytes).toBe(OLD_BYTES + SHARED_BYTES)
})
