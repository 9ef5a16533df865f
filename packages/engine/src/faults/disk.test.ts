import { existsSync } from 'node:fs'
import { appendFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { classify } from '../errors/classify.ts'
import { LIMITS } from './engine-options.fixture.ts'
import {
  comesToRest,
  expectPublished,
  MB,
  openFaultWorld,
  REPO,
  receives,
} from './fault-world.fixture.ts'
import { reaches } from './hub-engine.fixture.ts'
import {
  expectKept,
  expectNoBlockTwice,
  expectNoByteTwice,
  forbidWriting,
  keptBlocks,
  pausedInTheMiddle,
} from './kept-bytes.test-suite.ts'
import { mountSmallDisk } from './small-disk.fixture.ts'

/** Bytes come in their order, so that it is known which of them are there. */
const IN_ORDER = { limits: { ...LIMITS, connections: 1 } }

// Many at once on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

/*
 * Group D of the catalogue of faults: disk and file system. Each says what becomes of the
 * download, of the bytes on disk, and of what the host was asked for.
 */

it.concurrent('D1: a file that cannot fit is refused before the first byte, with the numbers', async (context) => {
  await using world = await openFaultWorld()
  await using disk = await mountSmallDisk(context, world.hfHome, 'size=10m')
  const engine = await world.open()
  const { download } = await engine.downloads.create({ ref: REPO })
  const blocked = await comesToRest(engine, download.id)
  expect(blocked).toMatchObject({ state: 'blocked', reason: { code: 'DISK_FULL' } })
  expect(blocked.reason?.message).toMatch(/12\.0 MB needed.* but only 10\.\d MB free/)
  expect(await readdir(disk.path, { recursive: true })).toEqual([])
  expect(world.asked()).toEqual([])
  await engine.close()
})

it.concurrent('D2: a disk that fills up keeps every byte, and heals by itself without one fetched twice', async (context) => {
  await using world = await openFaultWorld({ sizeBytes: 30 * MB })
  await using disk = await mountSmallDisk(context, world.hfHome, 'size=40m')
  world.hub.setCdnRate(8 * MB)
  const engine = await world.open(IN_ORDER)
  const { download } = await engine.downloads.create({ ref: REPO })
  await receives(engine, download.id, 3 * MB)
  await fillUp(disk.path)
  const blocked = await reaches(engine, download.id, 'blocked', 'failed', 'completed')
  expect(blocked).toMatchObject({ state: 'blocked', reason: { code: 'DISK_FULL' } })
  const kept = blocked.progress.receivedBytes
  expect(kept).toBeGreaterThan(3 * MB)
  await expectKept(world, download.id, kept)
  world.hub.setCdnRate(undefined)
  world.hub.clearLog()
  await rm(join(disk.path, 'filler'))
  expect(await reaches(engine, download.id, 'completed', 'failed')).toMatchObject({
    state: 'completed',
  })
  await expectPublished(world)
  expectNoByteTwice(world, kept)
  await engine.close()
})

it.concurrent('D2: a disk that fills up under many connections keeps what they brought', async (context) => {
  await using world = await openFaultWorld({ sizeBytes: 30 * MB })
  await using disk = await mountSmallDisk(context, world.hfHome, 'size=40m')
  world.hub.setCdnRate(1 * MB)
  const engine = await world.open()
  const { download } = await engine.downloads.create({ ref: REPO })
  await receives(engine, download.id, 3 * MB)
  await fillUp(disk.path)
  const blocked = await reaches(engine, download.id, 'blocked', 'failed', 'completed')
  expect(blocked).toMatchObject({ state: 'blocked', reason: { code: 'DISK_FULL' } })
  const kept = blocked.progress.receivedBytes
  expect(kept).toBeGreaterThan(3 * MB)
  const blocks = await keptBlocks(world, download.id)
  world.hub.setCdnRate(4 * MB)
  world.hub.clearLog()
  await rm(join(disk.path, 'filler'))
  expect(await reaches(engine, download.id, 'completed', 'failed')).toMatchObject({
    state: 'completed',
  })
  await expectPublished(world)
  expectNoBlockTwice(world, blocks)
  // Nothing is lost here; what one connection takes over from another may be on its way already.
  expect(world.sent()).toBeLessThanOrEqual(world.sizeBytes - kept + 2 * MB)
  await engine.close()
})

it.concurrent('D3: a full disk under the database loses no download, and says so to who brings a new one', async (context) => {
  await using world = await openFaultWorld({ sizeBytes: 30 * MB })
  await using disk = await mountSmallDisk(context, world.dir.join('home'), 'size=4m')
  world.hub.setCdnRate(20 * MB)
  const engine = await world.open()
  const { download } = await engine.downloads.create({ ref: REPO })
  await receives(engine, download.id, 3 * MB)
  await fillUp(disk.path)
  let refused: unknown
  for (let index = 0; index < 200 && refused === undefined; index++) {
    const ref = `${REPO}@${'0'.repeat(37)}${String(index).padStart(3, '0')}`
    await engine.downloads.create({ ref, paused: true }).catch((error: unknown) => {
      refused = error
    })
  }
  expect(classify(refused)).toMatchObject({ code: 'DISK_FULL', status: 507 })
  world.hub.setCdnRate(undefined)
  const accepted = (await engine.downloads.list({ limit: 500 })).items.length
  await rm(join(disk.path, 'filler'))
  expect(await reaches(engine, download.id, 'completed', 'failed')).toMatchObject({
    state: 'completed',
  })
  await expectPublished(world)
  expectNoByteTwice(world, 0)
  await engine.close()
  const again = await world.open()
  expect((await again.downloads.list({ limit: 500 })).items).toHaveLength(accepted)
  await again.close()
})

it.concurrent('D4: no room for a name keeps the verified bytes, which are published later without the host', async (context) => {
  await using world = await openFaultWorld()
  await using disk = await mountSmallDisk(context, world.hfHome, 'size=40m,nr_inodes=60')
  world.hub.setCdnRate(4 * MB)
  const engine = await world.open()
  const { download } = await engine.downloads.create({ ref: REPO })
  await receives(engine, download.id, MB)
  const fillers = await takeAllNames(disk.path)
  const blocked = await comesToRest(engine, download.id)
  expect(blocked).toMatchObject({ state: 'blocked', reason: { code: 'DISK_FULL' } })
  expect(existsSync(world.final)).toBe(false)
  world.hub.clearLog()
  for (const filler of fillers) await rm(filler)
  expect(await reaches(engine, download.id, 'completed', 'failed')).toMatchObject({
    state: 'completed',
  })
  await expectPublished(world)
  expect(world.hub.log).toEqual([])
  await engine.close()
})

it.concurrent('D8: a disk that turned read-only keeps what is there and needs a person', async (context) => {
  await using world = await openFaultWorld()
  await using disk = await mountSmallDisk(context, world.hfHome, 'size=40m')
  const engine = await world.open(IN_ORDER)
  const { id, kept } = await pausedInTheMiddle(world, engine)
  disk.remount('ro')
  await engine.downloads.resume(id)
  expect(await comesToRest(engine, id)).toMatchObject({
    state: 'blocked',
    reason: { code: 'DISK_READONLY' },
  })
  expect(world.asked()).toEqual([])
  await expectKept(world, id, kept)
  disk.remount('rw')
  await engine.downloads.resume(id)
  expect(await comesToRest(engine, id)).toMatchObject({ state: 'completed' })
  await expectPublished(world)
  expectNoByteTwice(world, kept)
  await engine.close()
})

it.concurrent('D9: a folder that may not be written to is named, and costs the host nothing', async () => {
  await using world = await openFaultWorld()
  await mkdir(world.cache, { recursive: true })
  const allow = forbidWriting(world.cache)
  try {
    const engine = await world.open()
    const { download } = await engine.downloads.create({ ref: REPO })
    const blocked = await comesToRest(engine, download.id)
    expect(blocked).toMatchObject({ state: 'blocked', reason: { code: 'PERM_DENIED' } })
    expect(blocked.reason?.message).toContain(world.cache)
    expect(world.asked()).toEqual([])
    expect(await readdir(world.cache)).toEqual([])
    allow()
    await engine.downloads.resume(download.id)
    expect(await comesToRest(engine, download.id)).toMatchObject({ state: 'completed' })
    await expectPublished(world)
  } finally {
    allow()
  }
})

/** Leaves not one block free. */
async function fillUp(folder: string): Promise<void> {
  const filler = join(folder, 'filler')
  for (const bytes of [MB, 4096]) {
    for (let full = false; !full; ) {
      await appendFile(filler, Buffer.alloc(bytes)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOSPC') throw error
        full = true
      })
    }
  }
}

/** Makes empty files until there can be no more. */
async function takeAllNames(folder: string): Promise<readonly string[]> {
  const made: string[] = []
  for (;;) {
    const path = join(folder, `name-${made.length}`)
    try {
      await writeFile(path, '', { flag: 'wx' })
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return made
      throw error
    }
    made.push(path)
  }
}
