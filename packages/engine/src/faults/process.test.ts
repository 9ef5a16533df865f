import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createRandomBytes, readBytes, sha256File, sha256OfRandomBytes } from '@windlass/testkit'
import { expect, it } from 'vitest'
import { startEngineChild } from './engine-child.fixture.ts'
import { LIMITS } from './engine-options.fixture.ts'
import {
  comesToRest,
  expectPublished,
  MB,
  noticed,
  openFaultWorld,
  REPO,
} from './fault-world.fixture.ts'
import { injecting, isOver, queueDownload, theDownload } from './killed-child.fixture.ts'
import { requireRoot } from './small-disk.fixture.ts'

/*
 * What can only be done to a process: starved of descriptors, failed by the system at one
 * call, killed between two, stopped, cut off from the network. Groups P and D.
 */

const tests = { timeout: 60_000 }

const WRITES = 'pwrite64,pwritev'

it.concurrent.for([
  { id: 'D5', rule: `${WRITES}:error=EDQUOT:when=4+`, code: 'DISK_QUOTA', keeps: true },
  { id: 'D6', rule: `${WRITES}:error=EIO:when=4+`, code: 'DISK_IO', keeps: false },
  { id: 'D7', rule: 'fdatasync:error=EIO', code: 'DISK_IO', keeps: false },
  { id: 'D8', rule: `${WRITES}:error=EROFS:when=4+`, code: 'DISK_READONLY', keeps: false },
])(
  '$id: $rule is $code, and no byte that may be lost is believed in',
  tests,
  async ({ rule, code, keeps }, context) => {
    await using world = await openFaultWorld({ sizeBytes: 16 * MB })
    const strace = injecting(context, rule, await queueDownload(world))
    // So slow that it is not there before the first sync, over all its connections.
    world.hub.setCdnRate(0.5 * MB)
    let kept = 0
    {
      await using child = startEngineChild(world, {}, strace)
      const blocked = await child.until(isOver)
      expect(blocked).toMatchObject({ state: 'blocked', code })
      kept = blocked.receivedBytes ?? 0
    }
    expect(existsSync(world.final)).toBe(false)
    if (keeps) expect(kept).toBeGreaterThan(0)
    else expect(kept).toBe(0)
    world.hub.setCdnRate(undefined)
    world.hub.clearLog()
    const engine = await world.open({ limits: { ...LIMITS, connections: 1 } })
    const id = await theDownload(engine)
    if ((await engine.downloads.find(id)).state === 'blocked') await engine.downloads.resume(id)
    expect(await comesToRest(engine, id)).toMatchObject({ state: 'completed' })
    await expectPublished(world)
    const asked = world.asked().reduce((sum, [start, end]) => sum + end - start, 0)
    expect(asked).toBe(world.sizeBytes - kept)
  },
)

it.concurrent(
  'D10: too few descriptors lower what is done at once, and fail nothing',
  tests,
  async (context) => {
    requireRoot(context)
    await using world = await openFaultWorld()
    const files = Array.from({ length: 60 }, (_, index) => ({
      path: `part-${index}.bin`,
      content: { seed: `part ${index}`, sizeBytes: 100_000 },
    }))
    const { commit } = await world.hub.addRepo({ id: 'org/many', files })
    world.hub.setCdnRate(MB)
    await using child = startEngineChild(world, { ref: 'org/many', connections: 24 }, [
      'prlimit',
      '--nofile=48',
    ])
    const end = await child.until(isOver)
    expect(end).toMatchObject({ state: 'completed' })
    expect(child.lines.map(({ notice }) => notice)).toContain('TOO_MANY_FILES')
    const snapshot = join(world.cache, 'models--org--many', 'snapshots', commit)
    expect(await readdir(snapshot)).toHaveLength(60)
    for (const { path, content } of files) {
      expect(await sha256File(join(snapshot, path))).toBe(await sha256OfRandomBytes(content))
    }
    expect(world.sent()).toBeLessThanOrEqual(60 * 100_000 * 1.5)
  },
)

it.concurrent(
  'a file that the system holds too large is told as that, and needs a person',
  tests,
  async (context) => {
    requireRoot(context)
    await using world = await openFaultWorld()
    await using child = startEngineChild(world, { ref: REPO }, ['prlimit', '--fsize=8000000'])
    const blocked = await child.until(
      ({ state }) => state === 'completed' || state === 'failed' || state === 'blocked',
    )
    expect(blocked).toMatchObject({ state: 'blocked', code: 'FILE_TOO_LARGE' })
    expect(existsSync(world.final)).toBe(false)
  },
)

/** What a kill may cost one connection. */
const LAG = 1024 * 1024

it.concurrent.for([
  { id: 'P2', when: 'between bytes and their record', ofPart: false, calls: [3, 10, 25] },
  { id: 'P3', when: 'between a record and the next bytes', ofPart: true, calls: [2, 5, 9] },
])(
  '$id: killed $when, no record leads, and none lags far behind',
  tests,
  async ({ ofPart, calls }, context) => {
    await using world = await openFaultWorld()
    const part = await queueDownload(world)
    const right = readBytes(createRandomBytes('weights', world.sizeBytes))
    // So that not all of it is there after a few calls.
    world.hub.setCdnRate(8 * MB)
    let written = 0
    const expectGoesOn = (request: number): void => {
      const [start = Number.NaN] = world.asked()[request] ?? []
      expect(start).toBeLessThanOrEqual(written)
      expect(written - start).toBeLessThanOrEqual(LAG)
    }
    for (const nth of calls) {
      const path = ofPart ? part : part.replace(/part$/, 'journal')
      const kill = injecting(context, `${WRITES}:signal=SIGKILL:when=${nth}`, path)
      const requests = world.asked().length
      await using child = startEngineChild(world, {}, kill)
      await child.ended
      expect(child.lines.map(({ state }) => state)).not.toContain('completed')
      expectGoesOn(requests)
      written = sameBytes(await readFile(part), right)
      expect(written).toBeGreaterThan(0)
    }
    const requests = world.asked().length
    const engine = await world.open({ limits: { ...LIMITS, connections: 1 } })
    const codes = noticed(engine)
    expect(await comesToRest(engine, await theDownload(engine))).toMatchObject({
      state: 'completed',
    })
    expectGoesOn(requests)
    expect(codes).toEqual([])
    await expectPublished(world)
  },
)

/** How many bytes agree, from the first on, in steps of a page. */
function sameBytes(actual: Buffer, right: Buffer): number {
  const page = 4096
  let at = 0
  while (at < actual.length && actual.subarray(at, at + page).equals(right.subarray(at, at + page)))
    at += page
  return Math.min(at, actual.length)
}

/** Killed as it enters a call, so that all before it has happened and nothing after. */
it.concurrent.for([
  {
    id: 'P4',
    when: 'between the right digest and the final name',
    rule: 'rename:signal=SIGKILL:when=1',
  },
  {
    id: 'P5',
    when: 'between the final name and the link',
    rule: 'symlink:signal=SIGKILL:when=2',
  },
  { id: 'P5', when: 'before the database knows', rule: 'rmdir:signal=SIGKILL:when=1' },
])(
  '$id: killed $when, the next start finishes without a byte from the host',
  tests,
  async ({ rule }, context) => {
    const strace = injecting(context, rule)
    await using world = await openFaultWorld()
    {
      await using child = startEngineChild(world, { ref: REPO }, strace)
      await child.ended
      expect(child.lines.map(({ state }) => state)).not.toContain('completed')
    }
    const before = world.sent()
    const engine = await world.open()
    expect(await comesToRest(engine, await theDownload(engine))).toMatchObject({
      state: 'completed',
    })
    await expectPublished(world)
    expect(world.sent()).toBe(before)
  },
)

it.concurrent.for([1, 8])(
  'P13: a process that was suspended makes its %i connections anew and goes on',
  tests,
  async (connections) => {
    await using world = await openFaultWorld({ sizeBytes: 20 * MB })
    world.hub.setCdnRate((5 * MB) / connections)
    await using child = startEngineChild(world, {
      ref: REPO,
      connections,
      timeouts: { bodyMs: 1_000, headersMs: 1_000, connectMs: 1_000 },
    })
    await child.until(({ receivedBytes = 0 }) => receivedBytes >= 5 * MB)
    child.signal('SIGSTOP')
    await delay(4_000)
    // What an hour does to connections: the other side is gone when it wakes.
    world.hub.setCdnRate(undefined)
    child.signal('SIGCONT')
    const end = await child.until(isOver)
    expect(end).toMatchObject({ state: 'completed' })
    await expectPublished(world)
    // What the system took in for a sleeping process is lost with its connection.
    expect(world.sent()).toBeLessThanOrEqual(world.sizeBytes + 8 * MB)
  },
)

it.concurrent.for([
  { when: 'as it removes the unfinished bytes', rule: 'unlink:signal=SIGKILL', aboutPart: true },
  { when: 'as it removes their folder', rule: 'rmdir:signal=SIGKILL', aboutPart: false },
])(
  'P6: a clean-up that is killed $when is finished by the next start',
  tests,
  async ({ rule, aboutPart }, context) => {
    await using world = await openFaultWorld()
    const part = await queueDownload(world)
    const strace = injecting(context, rule, aboutPart ? part : undefined)
    world.hub.setCdnRate(4 * MB)
    {
      await using child = startEngineChild(world, { cancelAtBytes: 2 * MB }, strace)
      await child.ended
      expect(child.lines.map(({ state }) => state)).toContain('cancelled')
    }
    const engine = await world.open()
    const download = await engine.downloads.find(await theDownload(engine))
    expect(download.state).toBe('cancelled')
    expect(existsSync(world.repo)).toBe(false)
  },
)

it.concurrent(
  'P8: fifty downloads stop within 10 s with all recorded, and go on without a byte twice',
  tests,
  async () => {
    await using world = await openFaultWorld()
    const sizeBytes = 2_500_000
    const refs = Array.from({ length: 50 }, (_, index) => `org/repo-${index}`)
    for (const id of refs) {
      await world.hub.addRepo({ id, files: [{ path: 'a.bin', content: { seed: 'a', sizeBytes } }] })
    }
    world.hub.setCdnRate(400_000)
    const limits = { ...LIMITS, maxActive: 50 }
    const first = await world.open({ limits })
    for (const ref of refs) await first.downloads.create({ ref })
    await expect.poll(() => world.sent(), { timeout: 30_000 }).toBeGreaterThan(20 * MB)
    expect(await first.counts()).toMatchObject({ active: 50 })
    const before = performance.now()
    await first.close()
    expect(performance.now() - before).toBeLessThan(10_000)
    world.hub.setCdnRate(undefined)
    world.hub.clearLog()
    const idle = await world.open({ start: false })
    const stopped = (await idle.downloads.list({ limit: 100 })).items
    const kept = stopped.reduce((sum, { progress }) => sum + progress.receivedBytes, 0)
    await idle.close()
    expect(kept).toBeGreaterThan(15 * MB)
    const second = await world.open({ limits })
    for (const { id } of stopped) {
      expect(await comesToRest(second, id)).toMatchObject({ state: 'completed' })
    }
    const asked = world.asked().reduce((sum, [start, end]) => sum + end - start, 0)
    expect(asked).toBe(50 * sizeBytes - kept)
  },
)
