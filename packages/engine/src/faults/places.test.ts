import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import {
  appendFile,
  lstat,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { LIMITS } from './engine-options.fixture.ts'
import {
  comesToRest,
  expectPublished,
  MB,
  noticed,
  openFaultWorld,
  REPO,
  receives,
} from './fault-world.fixture.ts'
import {
  digestOf,
  expectKept,
  expectNoByteTwice,
  forbidWriting,
  partOf,
  pausedInTheMiddle,
} from './kept-bytes.test-suite.ts'
import { mountSmallDisk } from './small-disk.fixture.ts'

/** Bytes come in their order, so that it is known which of them are there. */
const IN_ORDER = { limits: { ...LIMITS, connections: 1 } }

// Many at once on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

/*
 * Group D of the catalogue of faults: disk and file system: names, places and who else is there. Each says what becomes of the
 * download, of the bytes on disk, and of what the host was asked for.
 */

it.concurrent('D11: a name that the disk cannot hold is refused before a byte is fetched', async () => {
  await using world = await openFaultWorld()
  const path = `${'n'.repeat(256)}.bin`
  await world.hub.addRepo({ id: 'org/long', files: [{ path, content: 'x' }] })
  const engine = await world.open()
  const { download } = await engine.downloads.create({ ref: 'org/long' })
  const failed = await comesToRest(engine, download.id)
  expect(failed).toMatchObject({ state: 'failed', reason: { code: 'NAME_INVALID' } })
  expect(failed.reason?.message).toContain('nnn')
  expect(existsSync(world.cache)).toBe(false)
  expect(world.hub.log.some(({ path: asked }) => asked.includes('resolve'))).toBe(false)
})

it.concurrent('D11: a path that is too long as a whole is no bug of ours but a name that cannot be', async () => {
  await using world = await openFaultWorld()
  const path = `${'folder/'.repeat(700)}x.bin`
  await world.hub.addRepo({ id: 'org/deep', files: [{ path, content: 'deep' }] })
  const engine = await world.open()
  const { download } = await engine.downloads.create({ ref: 'org/deep' })
  expect(await comesToRest(engine, download.id)).toMatchObject({
    state: 'failed',
    reason: { code: 'NAME_INVALID' },
  })
})

it.concurrent('D12: folders of one repository on two file systems are told apart and nothing is lost', async (context) => {
  await using world = await openFaultWorld()
  await using disk = await mountSmallDisk(context, join(world.repo, 'blobs'), 'size=40m')
  const engine = await world.open()
  const { download } = await engine.downloads.create({ ref: REPO })
  expect(await comesToRest(engine, download.id)).toMatchObject({
    state: 'blocked',
    reason: { code: 'VOLUME_SPLIT' },
  })
  await expectKept(world, download.id, world.sizeBytes)
  world.hub.clearLog()
  disk.takeAway()
  await engine.downloads.resume(download.id)
  expect(await comesToRest(engine, download.id)).toMatchObject({ state: 'completed' })
  await expectPublished(world)
  expect(world.hub.log).toEqual([])
})

it.concurrent('D13: bytes that are there already are used, and a damaged blob is replaced, not written to', async () => {
  await using world = await openFaultWorld()
  const engine = await world.open()
  const first = await engine.downloads.create({ ref: REPO })
  await comesToRest(engine, first.download.id)
  world.hub.clearLog()
  const whole = await engine.downloads.create({ ref: REPO, include: ['*.bin'] })
  expect(await comesToRest(engine, whole.download.id)).toMatchObject({
    state: 'completed',
    files: [{ present: true }],
  })
  expect(world.asked()).toEqual([])
  const blob = join(world.repo, 'blobs', await digestOf(world))
  await rm(blob)
  await writeFile(blob, 'half a blob')
  const inode = (await stat(blob)).ino
  const again = await engine.downloads.create({ ref: REPO, include: ['model.*'] })
  expect(await comesToRest(engine, again.download.id)).toMatchObject({ state: 'completed' })
  await expectPublished(world)
  expect((await stat(blob)).ino).not.toBe(inode)
  expectNoByteTwice(world, 0)
})

it.concurrent.for([
  { what: 'a folder', put: (path: string) => mkdir(path), at: 'blob' as const },
  { what: 'a folder', put: (path: string) => mkdir(path), at: 'file' as const },
])('D14: $what in the place of the $at stops it without harm', async ({ put, at }) => {
  await using world = await openFaultWorld()
  const path = at === 'blob' ? join(world.repo, 'blobs', await digestOf(world)) : world.final
  await mkdir(dirname(path), { recursive: true })
  await put(path)
  const engine = await world.open()
  const { download } = await engine.downloads.create({ ref: REPO })
  expect(await comesToRest(engine, download.id)).toMatchObject({
    state: 'blocked',
    reason: { code: 'DEST_EXISTS' },
  })
  expect((await lstat(path)).isDirectory()).toBe(true)
  world.hub.clearLog()
  await rm(path, { recursive: true })
  await engine.downloads.resume(download.id)
  expect(await comesToRest(engine, download.id)).toMatchObject({ state: 'completed' })
  await expectPublished(world)
  expect(world.asked()).toEqual([])
})

it.concurrent.for([
  { what: 'a pipe', put: (path: string) => void execFileSync('mkfifo', [path]) },
  {
    what: 'a link to a file of somebody else',
    put: (path: string) => symlink('../precious', path),
  },
])(
  'D14: $what in the place of the blob is replaced, and neither read nor written',
  async ({ put }) => {
    await using world = await openFaultWorld()
    const blob = join(world.repo, 'blobs', await digestOf(world))
    await mkdir(dirname(blob), { recursive: true })
    const precious = join(world.repo, 'precious')
    await writeFile(precious, 'mine')
    await put(blob)
    const engine = await world.open()
    const { download } = await engine.downloads.create({ ref: REPO })
    expect(await comesToRest(engine, download.id)).toMatchObject({ state: 'completed' })
    await expectPublished(world)
    expect((await lstat(blob)).isFile()).toBe(true)
    expect(await readFile(precious, 'utf8')).toBe('mine')
    expectNoByteTwice(world, 0)
  },
)

it.concurrent('D14: a link in the place of the unfinished bytes is not followed', async () => {
  await using world = await openFaultWorld()
  const engine = await world.open()
  const { id } = await pausedInTheMiddle(world, engine)
  const part = await partOf(world, id)
  const precious = world.dir.join('precious')
  await writeFile(precious, 'mine')
  await rm(part)
  await symlink(precious, part)
  await engine.downloads.resume(id)
  expect(await comesToRest(engine, id)).toMatchObject({
    state: 'blocked',
    reason: { code: 'DEST_EXISTS' },
  })
  expect(await readFile(precious, 'utf8')).toBe('mine')
  expect(world.asked()).toEqual([])
})

it.concurrent('D15: a partial file that was cut short goes on where it ends now', async () => {
  await using world = await openFaultWorld()
  const engine = await world.open(IN_ORDER)
  const { id } = await pausedInTheMiddle(world, engine)
  await truncate(await partOf(world, id), 2 * MB)
  await engine.downloads.resume(id)
  expect(await comesToRest(engine, id)).toMatchObject({ state: 'completed' })
  await expectPublished(world)
  expectNoByteTwice(world, 2 * MB)
})

it.concurrent('D16: altered bytes of a partial file are found by their digest and fetched once more', async () => {
  await using world = await openFaultWorld()
  const engine = await world.open(IN_ORDER)
  const { id, kept } = await pausedInTheMiddle(world, engine)
  const part = await partOf(world, id)
  const bytes = await readFile(part)
  bytes.writeUInt8(bytes.readUInt8(1000) ^ 1, 1000)
  await writeFile(part, bytes)
  const told = noticed(engine)
  await engine.downloads.resume(id)
  expect(await comesToRest(engine, id)).toMatchObject({ state: 'completed' })
  await expectPublished(world)
  expect(told).toEqual(['HASH_MISMATCH'])
  const asked = world.asked().reduce((sum, [start, end]) => sum + end - start, 0)
  expect(asked).toBe(world.sizeBytes - kept + world.sizeBytes)
})

it.concurrent('D17: a partial file that is deleted in the middle is told and made anew', async () => {
  await using world = await openFaultWorld()
  world.hub.setCdnRate(5 * MB)
  const engine = await world.open()
  const told = noticed(engine)
  const { download } = await engine.downloads.create({ ref: REPO })
  await receives(engine, download.id, 2 * MB)
  await rm(await partOf(world, download.id))
  world.hub.setCdnRate(undefined)
  expect(await comesToRest(engine, download.id)).toMatchObject({ state: 'completed' })
  await expectPublished(world)
  expect(told).toContain('PARTIAL_LOST')
  expect(world.sent()).toBeLessThanOrEqual(2 * world.sizeBytes)
})

it.concurrent('D18: what was appended to a partial file is thrown away', async () => {
  await using world = await openFaultWorld()
  const engine = await world.open(IN_ORDER)
  const { id, kept } = await pausedInTheMiddle(world, engine)
  await appendFile(await partOf(world, id), Buffer.alloc(15 * MB, 'x'))
  await engine.downloads.resume(id)
  expect(await comesToRest(engine, id)).toMatchObject({ state: 'completed' })
  await expectPublished(world)
  expectNoByteTwice(world, kept)
})

it.concurrent('D21: without links the snapshot holds the files themselves', async () => {
  await using world = await openFaultWorld({ environment: { HF_HUB_DISABLE_SYMLINKS: '1' } })
  const engine = await world.open()
  const { download } = await engine.downloads.create({ ref: REPO })
  expect(await comesToRest(engine, download.id)).toMatchObject({ state: 'completed' })
  await expectPublished(world)
  expect((await lstat(world.final)).isFile()).toBe(true)
  expect(await readdir(join(world.repo, 'blobs'))).toEqual([])
  expectNoByteTwice(world, 0)
})

it.concurrent('D24: a second engine on the same home is refused', async () => {
  await using world = await openFaultWorld()
  const engine = await world.open()
  const { id } = await pausedInTheMiddle(world, engine)
  await expect(world.open()).rejects.toMatchObject({ code: 'LOCK_HELD' })
  await engine.downloads.resume(id)
  expect(await comesToRest(engine, id)).toMatchObject({ state: 'completed' })
  await expectPublished(world)
})

it.concurrent('D25: a cache that was taken away in the middle is not made anew, and is used when it is back', async () => {
  await using world = await openFaultWorld()
  world.hub.setCdnRate(5 * MB)
  const engine = await world.open()
  const { download } = await engine.downloads.create({ ref: REPO })
  await receives(engine, download.id, 2 * MB)
  const away = world.dir.join('away')
  await rename(world.hfHome, away)
  world.hub.setCdnRate(undefined)
  const gone = { state: 'blocked', reason: { code: 'VOLUME_GONE' } }
  expect(await comesToRest(engine, download.id)).toMatchObject(gone)
  expect(existsSync(world.hfHome)).toBe(false)
  await engine.downloads.resume(download.id)
  expect(await comesToRest(engine, download.id)).toMatchObject(gone)
  expect(existsSync(world.hfHome)).toBe(false)
  await rename(away, world.hfHome)
  await engine.downloads.resume(download.id)
  expect(await comesToRest(engine, download.id)).toMatchObject({ state: 'completed' })
  await expectPublished(world)
})

it.concurrent.for(['HF_HOME', 'HF_HUB_CACHE'])(
  'D25: nothing is written below the mount point of an unmounted volume (%s)',
  async (variable, context) => {
    await using place = await openFaultWorld()
    const mountPoint = place.dir.join('volume')
    await using world = await openFaultWorld({ environment: { [variable]: mountPoint } })
    await using disk = await mountSmallDisk(context, mountPoint, 'size=40m')
    const engine = await world.open()
    const { id } = await pausedInTheMiddle(world, engine)
    await engine.close()
    disk.takeAway()
    const after = await world.open()
    await after.downloads.resume(id)
    expect(await comesToRest(after, id)).toMatchObject({
      state: 'blocked',
      reason: { code: 'VOLUME_GONE' },
    })
    expect(await readdir(mountPoint)).toEqual([])
    expect(world.asked()).toEqual([])
    await after.close()
  },
)

it.concurrent('D26: a file that cannot be removed makes cancel say so, and the next start finishes it', async () => {
  await using world = await openFaultWorld()
  const engine = await world.open()
  const { id } = await pausedInTheMiddle(world, engine)
  const allow = forbidWriting(dirname(await partOf(world, id)))
  try {
    await expect(engine.downloads.cancel(id)).rejects.toMatchObject({ code: /EPERM|EACCES/ })
    expect(await engine.downloads.find(id)).toMatchObject({ state: 'cancelled' })
    await engine.close()
    allow()
    const again = await world.open()
    const cancelled = await again.downloads.find(id)
    expect(cancelled.receipt?.bytes).toBeGreaterThan(2 * MB)
    expect(existsSync(world.repo)).toBe(false)
  } finally {
    allow()
  }
})
