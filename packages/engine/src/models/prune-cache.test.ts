import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { listTree, requireTool } from '@windlass/testkit'
import { expect, it } from 'vitest'
import { openHubEngine } from '../faults/hub-engine.fixture.ts'
import { tryFlock } from '../stores/hub-cache/flock.ts'
import { cacheFaults } from '../stores/hub-cache/testing/cache-faults.ts'
import { never } from '../stores/hub-cache/testing/pull-case.ts'
import {
  completed,
  NEW_BYTES,
  OLD_BYTES,
  pullTwoRevisions,
  received,
  SHARED_BYTES,
} from './two-revisions-fixture.ts'

const REPO = 'hf/hub/models--org--name'
const signal = never

it('removes a revision that its branch has left, as a dry run said before', async () => {
  await using world = await openHubEngine()
  const { old } = await pullTwoRevisions(world)
  await world.hub.commit({
    id: 'org/name',
    branch: 'old',
    files: [{ path: 'config.json', content: '{"a": 333}' }],
  })
  expect((await world.pullOnce('org/name@old')).state).toBe('completed')
  const { models } = world.engine
  const before = await listTree(world.dir.join('hf/hub'))
  const planned = await models.prune({ dry_run: true })
  expect(await listTree(world.dir.join('hf/hub'))).toEqual(before)
  expect(planned).toEqual({
    dry_run: true,
    items: [{ kind: 'revision', hf_repo: 'org/name', name: old, bytes: OLD_BYTES }],
    receipt: { files: 1, bytes: OLD_BYTES },
  })
  expect(await models.prune({})).toEqual({ ...planned, dry_run: false })
  expect(await models.prune({})).toMatchObject({ items: [], receipt: { files: 0, bytes: 0 } })
  expect((await models.list()).models.map(({ status }) => status)).toEqual([
    'DOWNLOADED',
    'DOWNLOADED',
  ])
  expect(await cacheFaults(world.dir.join(REPO))).toEqual([])
})

it('keeps a revision that was asked for by its commit', async () => {
  await using world = await openHubEngine()
  const { commit } = await world.hub.addRepo({
    id: 'org/name',
    files: [{ path: 'a.txt', content: 'a' }],
  })
  expect((await world.pullOnce(`org/name@${commit}`)).state).toBe('completed')
  expect((await world.engine.models.prune({})).items).toEqual([])
})

it('removes blobs that no revision has, and what another program left half-fetched', async (context) => {
  requireTool(context, 'flock')
  await using world = await openHubEngine()
  await pullTwoRevisions(world)
  const blobs = world.dir.join(REPO, 'blobs')
  const locks = world.dir.join('hf/hub/.locks/models--org--name')
  await mkdir(locks, { recursive: true })
  const loose = 'a'.repeat(64)
  const fresh = 'b'.repeat(64)
  await writeFile(join(blobs, loose), 'loose')
  await writeFile(join(blobs, `${loose}.0a1b2c3d.incomplete`), 'half')
  await writeFile(join(blobs, fresh), 'about to be linked')
  await writeFile(join(blobs, `${fresh}.0a1b2c3d.incomplete`), 'at work')
  await writeFile(join(blobs, 'notes'), 'somebody else')
  const held = await tryFlock(join(locks, `${fresh}.lock`), 0o664)
  if (held.kind !== 'held') expect.unreachable()
  const { items, receipt } = await world.engine.models.prune({})
  held.release()
  expect(items.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
    `blob ${loose}`,
    `incomplete ${loose}.0a1b2c3d.incomplete`,
  ])
  expect(receipt).toEqual({ files: 2, bytes: 9 })
  const left = await readdir(blobs)
  expect(left).toEqual(expect.arrayContaining([fresh, `${fresh}.0a1b2c3d.incomplete`, 'notes']))
  expect((await world.engine.models.list()).size_bytes).toBe(OLD_BYTES + NEW_BYTES + SHARED_BYTES)
})

it('removes staging of a download that is over, and no other', async () => {
  await using world = await openHubEngine()
  await pullTwoRevisions(world)
  const { models, downloads } = world.engine
  const [over] = (await downloads.list({ limit: 1 })).items
  await world.hub.commit({
    id: 'org/name',
    files: [{ path: 'big.bin', content: { seed: 'big', sizeBytes: 3_000_000 } }],
  })
  world.hub.setCdnRate(300_000)
  const { task_id } = await models.download({ hf_repo: 'org/name' }, { signal })
  await received(world, task_id ?? '')
  await models.pause(task_id ?? '')
  for (const id of [over?.id ?? '', 'of-another-home']) {
    const folder = world.dir.join(REPO, '.windlass', id)
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, `${'c'.repeat(64)}.part`), 'x'.repeat(8192))
  }
  const { items, receipt } = await models.prune({})
  expect(items).toEqual([{ kind: 'staging', hf_repo: 'org/name', name: over?.id, bytes: 8192 }])
  expect(receipt).toEqual({ files: 1, bytes: 8192 })
  expect(new Set(await readdir(world.dir.join(REPO, '.windlass')))).toEqual(
    new Set(['of-another-home', task_id]),
  )
  world.hub.setCdnRate(undefined)
  await models.resume(task_id ?? '')
  await completed(world, task_id ?? '')
})

it('collects a shared payload that nobody links to, and never one with doubtful notes', async (context) => {
  requireTool(context, 'flock')
  await using world = await openHubEngine()
  await pullTwoRevisions(world)
  const cache = world.dir.join('hf/hub')
  const store = join(cache, 'blobs')
  const hashes = ['a1', 'a2', 'a3', 'a4'].map((start) => start.padEnd(64, '0'))
  const [linked = '', loose = '', strange = '', noted = ''] = hashes
  for (const hash of hashes) {
    await mkdir(join(store, hash.slice(0, 2)), { recursive: true })
    await writeFile(join(store, hash.slice(0, 2), hash), 'payload')
  }
  await writeFile(join(store, '.huggingface-shared-blobs'), '1\n')
  const note = (hash: string, text: string) =>
    writeFile(join(store, hash.slice(0, 2), `${hash}.refs`), text)
  const blob = 'd'.repeat(64)
  const line = `models--org--name/blobs/${blob}\n`
  await symlink(`../../blobs/a1/${linked}`, world.dir.join(REPO, 'blobs', blob))
  const main = (await readdir(world.dir.join(REPO, 'snapshots')))[0] ?? ''
  await symlink(`../../blobs/${blob}`, world.dir.join(REPO, 'snapshots', main, 'shared.bin'))
  await note(linked, line)
  await note(loose, line)
  await note(strange, `${line}../../etc/passwd\n`)
  const { items, receipt } = await world.engine.models.prune({})
  expect(items.map(({ name }) => name)).toEqual([loose])
  expect(receipt).toEqual({ files: 1, bytes: 7 })
  expect((await readdir(join(store, 'a2'))).filter((name) => !name.endsWith('.lock'))).toEqual([])
  for (const hash of [linked, strange, noted]) {
    expect(await readdir(join(store, hash.slice(0, 2)))).toContain(hash)
  }
})
