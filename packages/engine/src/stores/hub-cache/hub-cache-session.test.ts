import {
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { listTree, tempDir } from '@windlass/testkit'
import { expect, it } from 'vitest'
import { StopRequest } from '../../runtime/stop-request.ts'
import { CACHEDIR_TAG } from './cachedir-tag.ts'
import { NameCollisions } from './name-collisions.ts'
import {
  bring,
  COMMIT,
  never,
  openStore,
  type PullCase,
  pull,
  pullCase,
} from './testing/pull-case.ts'

const CASE = pullCase({
  'config.json': { content: '{}' },
  'sub/deep/model.bin': { content: 'weights', lfs: true },
  'copy.bin': { content: 'weights', lfs: true },
  empty: { content: '' },
})
const REPO = 'models--org--name'

it('lays a repository out exactly as the Python client does', async () => {
  await using dir = await tempDir()
  const folder = await pull(openStore(dir.path), CASE)
  expect(folder).toBe(dir.join(REPO, 'snapshots', COMMIT))
  const [config, weights, empty] = CASE.units.map((unit) => unit.key)
  const names = new Set((await listTree(dir.path)).keys())
  expect(names).toEqual(
    new Set([
      'CACHEDIR.TAG',
      `${REPO}/blobs/${config}`,
      `${REPO}/blobs/${weights}`,
      `${REPO}/blobs/${empty}`,
      `${REPO}/refs/main`,
      `${REPO}/snapshots/${COMMIT}/config.json`,
      `${REPO}/snapshots/${COMMIT}/copy.bin`,
      `${REPO}/snapshots/${COMMIT}/empty`,
      `${REPO}/snapshots/${COMMIT}/sub/deep/model.bin`,
      `${REPO}/trees/${COMMIT}.json`,
    ]),
  )
  expect(await readlink(join(folder, 'sub/deep/model.bin'))).toBe(`../../../../blobs/${weights}`)
  expect(await readFile(dir.join('CACHEDIR.TAG'), 'utf8')).toBe(CACHEDIR_TAG)
  expect(CACHEDIR_TAG).toHaveLength(191)
  expect(await readFile(dir.join(REPO, 'refs/main'), 'utf8')).toBe(COMMIT)
  expect((await stat(dir.join(REPO, 'trees', `${COMMIT}.json`))).mode & 0o777).toBe(0o600)
})

it('gives files the mode that the umask leaves', async () => {
  await using dir = await tempDir()
  const before = process.umask(0o037)
  try {
    await pull(openStore(dir.path), CASE)
  } finally {
    process.umask(before)
  }
  for (const { key } of CASE.units) {
    expect((await stat(dir.join(REPO, 'blobs', key))).mode & 0o777).toBe(0o640)
  }
  expect((await stat(dir.join(REPO, 'refs/main'))).mode & 0o777).toBe(0o640)
})

it('keeps staging to its owner', async () => {
  await using dir = await tempDir()
  await openStore(dir.path).open(CASE.placement, 'd1')
  expect((await stat(dir.join(REPO, '.windlass/d1'))).mode & 0o777).toBe(0o700)
})

it('is complete only when every path, the listing and the ref are there', async () => {
  await using dir = await tempDir()
  const store = openStore(dir.path)
  const isComplete = (): Promise<boolean> => store.isComplete(CASE.placement, CASE.units)
  await pull(store, CASE, 'd1', async (step) => {
    expect(await isComplete()).toBe(step === 'finish')
  })
  for (const path of [`snapshots/${COMMIT}/copy.bin`, `trees/${COMMIT}.json`, 'refs/main']) {
    await rm(dir.join(REPO, path))
    expect(await isComplete()).toBe(false)
    await pull(store, CASE)
    expect(await isComplete()).toBe(true)
  }
  await writeFile(dir.join(REPO, 'refs/main'), `${COMMIT}\n`)
  expect(await isComplete()).toBe(false)
})

it('writes no ref when a commit was asked for', async () => {
  await using dir = await tempDir()
  const byCommit = { ...CASE, placement: { ...CASE.placement, refName: null } }
  const store = openStore(dir.path)
  await pull(store, byCommit)
  expect(await readdir(dir.join(REPO))).not.toContain('refs')
  expect(await store.isComplete(byCommit.placement, byCommit.units)).toBe(true)
})

it('writes a ref with slashes into folders, and leaves an equal one untouched', async () => {
  await using dir = await tempDir()
  const pullRequest = { ...CASE, placement: { ...CASE.placement, refName: 'refs/pr/1' } }
  await pull(openStore(dir.path), pullRequest)
  const ref = dir.join(REPO, 'refs/refs/pr/1')
  const { ino } = await stat(ref)
  await pull(openStore(dir.path), pullRequest)
  expect((await stat(ref)).ino).toBe(ino)
  expect(await readFile(ref, 'utf8')).toBe(COMMIT)
})

it('finds nothing and changes nothing in a cache that is not there yet', async () => {
  await using dir = await tempDir()
  const store = openStore(dir.join('deep', 'cache'))
  expect(await store.survey(CASE.placement, CASE.units)).toEqual(new Set())
  expect(await store.isComplete(CASE.placement, CASE.units)).toBe(false)
  expect(await store.stagedBytes(CASE.placement, 'd1')).toBe(0)
  expect(await store.volume(CASE.placement)).toBe(dir.path)
  expect(await store.cleanUp(CASE.placement, 'd1')).toEqual({ files: 0, bytes: 0 })
  expect(await readdir(dir.path)).toEqual([])
})

it('takes up what is there and links it without writing a byte', async () => {
  await using dir = await tempDir()
  const store = openStore(dir.path)
  await pull(store, CASE)
  const inodes = await blobInodes(dir.join(REPO))
  await rm(dir.join(REPO, 'snapshots'), { recursive: true })
  expect(await store.survey(CASE.placement, CASE.units)).toEqual(new Set(keysOf(CASE)))
  await pull(store, CASE, 'd2')
  expect(await blobInodes(dir.join(REPO))).toEqual(inodes)
  expect(await store.isComplete(CASE.placement, CASE.units)).toBe(true)
})

it('replaces a truncated blob by rename, so that a reader of the old one is not disturbed', async () => {
  await using dir = await tempDir()
  const store = openStore(dir.path)
  await pull(store, CASE)
  const [, weights] = CASE.units
  const blob = dir.join(REPO, 'blobs', weights?.key ?? '')
  await truncate(blob, 3)
  const { ino } = await stat(blob)
  expect(await store.survey(CASE.placement, CASE.units)).not.toContain(weights?.key)
  await pull(store, CASE, 'd2')
  expect((await stat(blob)).ino).not.toBe(ino)
  expect(await readFile(blob, 'utf8')).toBe('weights')
})

it.each([
  ['a broken link', (path: string) => symlink('nowhere', path)],
  ['a link to something else', (path: string) => symlink('/etc/hostname', path)],
  ['a file of another size', (path: string) => writeFile(path, 'something else')],
])('replaces %s in a snapshot', async (_, plant) => {
  await using dir = await tempDir()
  const path = dir.join(REPO, 'snapshots', COMMIT, 'config.json')
  await mkdir(dirname(path), { recursive: true })
  await plant(path)
  await pull(openStore(dir.path), CASE)
  expect(await readlink(path)).toBe(`../../blobs/${CASE.units[0]?.key}`)
})

it.each(['.windlass', 'blobs', `snapshots/${COMMIT}`, `snapshots/${COMMIT}/sub`])(
  'does not write through a planted link at %s',
  async (name) => {
    await using dir = await tempDir()
    await using elsewhere = await tempDir()
    await mkdir(dirname(dir.join(REPO, name)), { recursive: true })
    await symlink(elsewhere.path, dir.join(REPO, name))
    await expect(pull(openStore(dir.path), CASE)).rejects.toMatchObject({ code: 'PERM_DENIED' })
    expect(await readdir(elsewhere.path)).toEqual([])
  },
)

it('works below a repository folder that was moved to another disk and linked', async () => {
  await using dir = await tempDir()
  await using elsewhere = await tempDir()
  await symlink(elsewhere.path, dir.join(REPO))
  const store = openStore(dir.path)
  await pull(store, CASE)
  expect(await store.isComplete(CASE.placement, CASE.units)).toBe(true)
})

it('notices at the end that a file it put in place has gone', async () => {
  await using dir = await tempDir()
  const store = openStore(dir.path)
  const session = await store.open(CASE.placement, 'd1')
  for (const unit of CASE.units) await bring(session, unit, CASE)
  await rm(dir.join(REPO, 'blobs', CASE.units[0]?.key ?? ''))
  await expect(session.finish()).rejects.toMatchObject({ code: 'STORE_CHANGED' })
  expect(await readdir(dir.join(REPO))).not.toContain('refs')
})

it('lets the download go on when the whole repository was removed under it', async () => {
  await using dir = await tempDir()
  const store = openStore(dir.path)
  const session = await store.open(CASE.placement, 'd1')
  const [unit] = CASE.units
  if (unit === undefined) expect.unreachable()
  const claim = await session.claim(unit, { signal: never, onWait: () => undefined })
  if (claim.kind !== 'staged') expect.unreachable()
  await rm(dir.join(REPO), { recursive: true })
  await expect(session.publish(unit, claim.staged)).rejects.toMatchObject({ code: 'STORE_CHANGED' })
  await pull(store, CASE)
  expect(await store.isComplete(CASE.placement, CASE.units)).toBe(true)
})

it('tells a cache that was unmounted from one that another program changed', async () => {
  await using dir = await tempDir()
  const store = openStore(dir.join('mounted'))
  const session = await store.open(CASE.placement, 'd1')
  const [unit] = CASE.units
  if (unit === undefined) expect.unreachable()
  const claim = await session.claim(unit, { signal: never, onWait: () => undefined })
  if (claim.kind !== 'staged') expect.unreachable()
  await rm(dir.join('mounted'), { recursive: true })
  await expect(session.publish(unit, claim.staged)).rejects.toMatchObject({ code: 'VOLUME_GONE' })
  expect(await readdir(dir.path)).toEqual([])
})

it('counts bytes in staging, not the length that was reserved for them', async () => {
  await using dir = await tempDir()
  const store = openStore(dir.path)
  const session = await store.open(CASE.placement, 'd1')
  const [unit] = CASE.units
  if (unit === undefined) expect.unreachable()
  const claim = await session.claim(unit, { signal: never, onWait: () => undefined })
  if (claim.kind !== 'staged') expect.unreachable()
  await writeFile(claim.staged.partPath, 'x'.repeat(4096))
  await truncate(claim.staged.partPath, 100_000_000)
  expect(await store.stagedBytes(CASE.placement, 'd1')).toBe(4096)
  expect(await store.cleanUp(CASE.placement, 'd1')).toEqual({ files: 1, bytes: 4096 })
})

it('gives a stop before anything else, with its reason', async () => {
  await using dir = await tempDir()
  const session = await openStore(dir.path).open(CASE.placement, 'd1')
  const reason = new StopRequest('pause')
  const [unit] = CASE.units
  if (unit === undefined) expect.unreachable()
  const claiming = session.claim(unit, {
    signal: AbortSignal.abort(reason),
    onWait: () => undefined,
  })
  await expect(claiming).rejects.toBe(reason)
})

it('finds a file present that another session published while it waited', async () => {
  await using dir = await tempDir()
  const big = pullCase({ 'big.bin': { content: Buffer.alloc(4 * 1024 * 1024, 1), lfs: true } })
  const [unit] = big.units
  if (unit === undefined) expect.unreachable()
  const clock = { now: () => 0, sleep: () => new Promise<void>((done) => setTimeout(done, 5)) }
  const first = await openStore(dir.path).open(big.placement, 'd1')
  const second = await openStore(dir.path, { clock }).open(big.placement, 'd2')
  const claim = await first.claim(unit, { signal: never, onWait: () => undefined })
  if (claim.kind !== 'staged') expect.unreachable()
  let startPublishing = (): void => undefined
  const waiting = new Promise<void>((resolve) => {
    startPublishing = resolve
  })
  const secondClaim = second.claim(unit, { signal: never, onWait: startPublishing })
  await waiting
  await writeFile(claim.staged.partPath, big.contents.get(unit.key) ?? '')
  await first.publish(unit, claim.staged)
  claim.release()
  expect(await secondClaim).toEqual({ kind: 'present' })
  await second.adopt(unit)
  await first.finish()
  await second.finish()
  expect(await readdir(dir.join(REPO))).not.toContain('.windlass')
})

it('refuses the second of two names that the disk takes for one, and leaves the first', () => {
  const names = new NameCollisions()
  names.claim(['Model.bin', 'caf\u00e9'])
  names.claim(['Model.bin'])
  for (const twin of ['model.BIN', 'CAFE\u0301']) {
    expect(() => names.claim([twin])).toThrow(expect.objectContaining({ code: 'NAME_COLLISION' }))
  }
})

it('leaves the client’s markers of missing files alone', async () => {
  await using dir = await tempDir()
  const markers = dir.join(REPO, '.no_exist', COMMIT)
  await mkdir(join(markers, 'sub'), { recursive: true })
  for (const path of ['config.json', 'sub/absent.json']) await writeFile(join(markers, path), '')
  await pull(openStore(dir.path), CASE)
  expect(new Set((await listTree(markers)).keys())).toEqual(
    new Set(['config.json', 'sub/absent.json']),
  )
})

it('leaves a CACHEDIR.TAG alone, and goes on when it cannot write one', async () => {
  await using dir = await tempDir()
  await mkdir(dir.join('CACHEDIR.TAG'))
  await pull(openStore(dir.path), CASE)
  expect(await readdir(dir.join('CACHEDIR.TAG'))).toEqual([])
})

it('puts files into the snapshot itself where links are not wanted', async () => {
  await using dir = await tempDir()
  const store = openStore(dir.path, { symlinks: false })
  const folder = await pull(store, CASE)
  expect(await readdir(dir.join(REPO, 'blobs'))).toEqual([])
  for (const path of ['copy.bin', 'sub/deep/model.bin']) {
    expect((await lstat(join(folder, path))).isFile()).toBe(true)
    expect(await readFile(join(folder, path), 'utf8')).toBe('weights')
  }
  expect(await store.isComplete(CASE.placement, CASE.units)).toBe(true)
  await rm(join(folder, 'copy.bin'))
  expect(await store.survey(CASE.placement, CASE.units)).toEqual(new Set(keysOf(CASE)))
  await pull(store, CASE, 'd2')
  expect(await readFile(join(folder, 'copy.bin'), 'utf8')).toBe('weights')
})

it('copies a blob that is there where links are not wanted', async () => {
  await using dir = await tempDir()
  await pull(openStore(dir.path), CASE)
  await rm(dir.join(REPO, 'snapshots'), { recursive: true })
  const folder = await pull(openStore(dir.path, { symlinks: false }), CASE, 'd2')
  expect((await lstat(join(folder, 'copy.bin'))).isFile()).toBe(true)
  expect(await readdir(dir.join(REPO, 'blobs'))).toHaveLength(CASE.units.length)
})

async function blobInodes(repo: string): Promise<readonly number[]> {
  const names = (await readdir(join(repo, 'blobs'))).sort()
  return Promise.all(names.map(async (name) => (await stat(join(repo, 'blobs', name))).ino))
}

function keysOf(pulled: PullCase): readonly string[] {
  return pulled.units.map((unit) => unit.key)
}
