import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createRandomBytes, readBytes, requireTool, sha256OfRandomBytes } from '@windlass/testkit'
import { expect, it, vi } from 'vitest'
import { startEngineChild } from './engine-child.fixture.ts'
import { LIMITS } from './engine-options.fixture.ts'
import { comesToRest, expectPublished, MB, openFaultWorld, REPO } from './fault-world.fixture.ts'
import { injecting, isOver, queueDownload, theDownload } from './killed-child.fixture.ts'
import { requireRoot } from './small-disk.fixture.ts'

// Programs under strace, several at once on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

/*
 * Group D of the catalogue, at single calls: what the system refuses where no real disk can be
 * made to, in a program of its own.
 */

it.concurrent.for([
  { rule: 'rename:error=ENOSPC', code: 'DISK_FULL' },
  { rule: 'rename:error=EIO', code: 'DISK_IO' },
])(
  'D4: $rule as it gets its name keeps the verified file, which is published without the host',
  async ({ rule, code }, context) => {
    await using world = await openFaultWorld()
    const part = await queueDownload(world)
    {
      await using child = startEngineChild(world, {}, injecting(context, rule, part))
      expect(await child.until(isOver)).toMatchObject({ state: 'blocked', code })
    }
    expect(existsSync(world.final)).toBe(false)
    expect(await readFile(part)).toEqual(readBytes(createRandomBytes('weights', world.sizeBytes)))
    world.hub.clearLog()
    const engine = await world.open()
    const id = await theDownload(engine)
    if ((await engine.downloads.find(id)).state === 'blocked') await engine.downloads.resume(id)
    expect(await comesToRest(engine, id)).toMatchObject({ state: 'completed' })
    await expectPublished(world)
    expect(world.hub.log).toEqual([])
  },
)

it.concurrent('D27: a write that ends short counts with the bytes that it wrote', async (context) => {
  requireRoot(context)
  await using world = await openFaultWorld()
  const limit = 8_000_003
  const part = await queueDownload(world)
  {
    // The system cuts the write that goes beyond it, and refuses the next.
    await using child = startEngineChild(world, {}, ['prlimit', `--fsize=${limit}`])
    expect(await child.until(isOver)).toMatchObject({
      state: 'blocked',
      code: 'FILE_TOO_LARGE',
      receivedBytes: limit,
    })
  }
  const right = readBytes(createRandomBytes('weights', world.sizeBytes), 0, limit)
  expect((await readFile(part)).subarray(0, limit).equals(right)).toBe(true)
  world.hub.clearLog()
  const engine = await world.open({ limits: LIMITS })
  const id = await theDownload(engine)
  await engine.downloads.resume(id)
  expect(await comesToRest(engine, id)).toMatchObject({ state: 'completed' })
  await expectPublished(world)
  expect(world.asked()).toEqual([[limit, world.sizeBytes]])
})

it.concurrent('P11: the names of the unfinished files are on the disk before a record promises their bytes', async (context) => {
  requireRoot(context)
  const strace = requireTool(context, 'strace')
  await using world = await openFaultWorld()
  const calls = world.dir.join('calls')
  const what = ['-f', '-qqq', '-y', '-e', 'trace=openat,fsync,fdatasync', '-o', calls]
  // Long enough for a checkpoint.
  world.hub.setCdnRate(3 * MB)
  {
    await using child = startEngineChild(world, { ref: REPO }, [strace, ...what])
    expect(await child.until(isOver)).toMatchObject({ state: 'completed' })
  }
  const synced = (await readFile(calls, 'utf8')).split('\n')
  const after = (from: number, call: RegExp): number => {
    const index = synced.findIndex((line, at) => at > from && call.test(line))
    expect(index, String(call)).toBeGreaterThan(from)
    return index
  }
  const made = after(after(-1, /openat\(.*\.part".*O_CREAT/), /openat\(.*\.journal".*O_CREAT/)
  const data = after(made, /fdatasync\(\d+<[^>]*\.part>/)
  const promise = after(data, /fdatasync\(\d+<[^>]*\.journal>/)
  const name = after(made, /fsync\(\d+<[^>]*\/\.windlass\/[^/>]*>/)
  expect(name).toBeLessThan(promise)
})

it.concurrent('D28: a disk that cannot set room aside for a file gets it all the same', async (context) => {
  const strace = injecting(context, 'fallocate:error=EOPNOTSUPP')
  await using world = await openFaultWorld()
  await using child = startEngineChild(world, { ref: REPO }, strace)
  expect(await child.until(isOver)).toMatchObject({ state: 'completed' })
  expect(child.lines.filter(({ notice }) => notice !== undefined)).toEqual([])
  await expectPublished(world)
  expect(world.sent()).toBe(world.sizeBytes)
})

it.concurrent('D22: where locks do not work two programs fetch the same, and neither spoils it', async () => {
  await using world = await openFaultWorld()
  const sha256 = await sha256OfRandomBytes({ seed: 'weights', sizeBytes: world.sizeBytes })
  // A folder cannot be locked for writing, whoever asks.
  const lock = join(world.cache, '.locks', 'models--org--model', `${sha256}.lock`)
  await mkdir(lock, { recursive: true })
  world.hub.setCdnRate(10 * MB)
  const engines = [
    await world.open(),
    await world.open({ home: world.dir.join('another-home') }),
  ] as const
  const ids = await Promise.all(
    engines.map(async (engine) => (await engine.downloads.create({ ref: REPO })).download.id),
  )
  for (const [index, engine] of engines.entries()) {
    const done = await comesToRest(engine, ids[index] ?? '')
    expect(done, done.reason?.message).toMatchObject({ state: 'completed' })
  }
  await expectPublished(world)
  expect(await readdir(join(world.repo, 'blobs'))).toEqual([sha256])
  expect(world.sent()).toBeLessThanOrEqual(2 * world.sizeBytes)
})
