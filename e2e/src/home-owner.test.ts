import type { HubFileSpec } from '@windlass/testkit'
import { expect, test } from 'vitest'
import { hashesIn, hashesOf, leftovers } from './support/cache-state.ts'
import { bytesFetchedAgain, cdnBytes, ofCdn, openTransfers } from './support/hub-log.ts'
import { until } from './support/until.ts'
import type { Ended, WindlassProcess } from './support/windlass-process.ts'
import { openWorld, type World } from './support/world.ts'

const MB = 1_000_000
const MIB = 1024 * 1024
const TOOK_OVER = /is gone; going on here/
const WAITS = /runs already and does the work/

const fileOf = (seed: string, megabytes: number): HubFileSpec => ({
  path: `${seed}.safetensors`,
  content: { seed, sizeBytes: megabytes * MB },
})
const A = fileOf('a', 20)
const B = fileOf('b', 16)
const C = fileOf('c', 12)

/** A Hub with three repositories and a line that is slow enough to act in the middle. */
async function openSlowWorld(): Promise<World> {
  const world = await openWorld()
  await world.hub.addRepo({ id: 'org/a', files: [A] })
  await world.hub.addRepo({ id: 'org/b', files: [B] })
  await world.hub.addRepo({ id: 'org/c', files: [C] })
  world.hub.setCdnRate(MB)
  return world
}

/** Over one connection, so that the rate of the line is that of the download. */
const pull = (world: World, ...refs: string[]): WindlassProcess =>
  world.start(['pull', ...refs], { env: { WINDLASS_CONNECTIONS: '1' } })

const receives = (world: World, file: string): Promise<unknown> =>
  until(() => ofCdn(world.hub).some((one) => one.file === file && one.bytesSent > MB), {
    what: `${file} is received`,
  })

const says = (running: WindlassProcess, pattern: RegExp): Promise<unknown> =>
  until(() => pattern.test(running.stderr), { what: `it says ${pattern}` })

async function expectWhole(ended: Ended, file: HubFileSpec): Promise<void> {
  expect(ended.exitCode, ended.stderr).toBe(0)
  expect(await hashesIn(ended.stdout.trim())).toEqual(await hashesOf([file]))
}

test('exactly one of those that wait takes over when the owner is killed, and nothing is lost', async () => {
  await using world = await openSlowWorld()
  const owner = pull(world, 'org/a')
  await receives(world, A.path)
  const same = pull(world, 'org/a')
  const other = pull(world, 'org/b')
  await Promise.all([says(same, WAITS), says(other, WAITS), receives(world, B.path)])
  const listed = await world.run(['ls', '--state', 'downloading'])
  for (const ref of ['org/a', 'org/b']) expect(listed.stdout).toContain(ref)

  const connections = openTransfers(world.hub)
  owner.kill('SIGKILL')
  await owner.ended
  const tookOver = (): WindlassProcess[] =>
    [same, other].filter(({ stderr }) => TOOK_OVER.test(stderr))
  await until(() => tookOver().length > 0, { what: 'one of them takes over' })
  expect(tookOver()).toHaveLength(1)
  world.hub.setCdnRate(undefined)
  await expectWhole(await same.ended, A)
  await expectWhole(await other.ended, B)
  expect(cdnBytes(world.hub) - 36 * MB).toBeLessThanOrEqual(connections * MIB)
  expect(Math.max(...bytesFetchedAgain(ofCdn(world.hub)))).toBeLessThanOrEqual(MIB)
  expect(await leftovers(world.cache)).toEqual([])
})

test('owner after owner is killed, and the last one brings the file', async () => {
  await using world = await openSlowWorld()
  let owner = pull(world, 'org/a')
  await receives(world, A.path)
  const waiting = [pull(world, 'org/a'), pull(world, 'org/a')]
  await Promise.all(waiting.map((one) => says(one, WAITS)))
  for (let kill = 1; kill <= 2; kill++) {
    owner.kill('SIGKILL')
    await owner.ended
    const rest = waiting.filter(({ isRunning }) => isRunning)
    owner = await until(() => rest.find(({ stderr }) => TOOK_OVER.test(stderr)), {
      what: `somebody takes over after kill ${kill}`,
    })
    const transfers = ofCdn(world.hub).length
    await until(
      () =>
        ofCdn(world.hub)
          .slice(transfers - 1)
          .some((one) => one.bytesSent > MB),
      {
        what: `bytes arrive after kill ${kill}`,
      },
    )
  }
  world.hub.setCdnRate(undefined)
  await expectWhole(await owner.ended, A)
  expect(cdnBytes(world.hub)).toBeLessThanOrEqual(20 * MB + 2 * MIB)
})

test('the Ctrl-C of the owner pauses what it alone wants; those who wait go on with theirs', async () => {
  await using world = await openSlowWorld()
  const owner = pull(world, 'org/a', 'org/c')
  await Promise.all([receives(world, A.path), receives(world, C.path)])
  const same = pull(world, 'org/a')
  const other = pull(world, 'org/b')
  await Promise.all([says(same, WAITS), receives(world, B.path)])
  owner.kill('SIGINT')
  const left = await owner.ended
  expect(left.exitCode, left.stderr).toBe(130)
  expect(left.stderr).toMatch(/org\/c: paused/)
  await until(() => [same, other].some(({ stderr }) => TOOK_OVER.test(stderr)), {
    what: 'one of them takes over',
  })
  world.hub.setCdnRate(undefined)
  await expectWhole(await same.ended, A)
  await expectWhole(await other.ended, B)
  const paused = await world.run(['ls', '--state', 'paused'])
  expect(paused.stdout).toContain('org/c')
  expect(paused.stdout).not.toContain('org/a')
  await expectWhole(await world.run(['pull', 'org/c']), C)
  // An orderly end keeps every byte that it has taken; what was on the line then is little.
  expect(Math.max(...bytesFetchedAgain(ofCdn(world.hub)))).toBeLessThanOrEqual(MIB)
})

test('a pause from another terminal ends the wait of all, and one pull goes on with it', async () => {
  await using world = await openSlowWorld()
  const owner = pull(world, 'org/a')
  await receives(world, A.path)
  const same = pull(world, 'org/a')
  await says(same, WAITS)
  const paused = await world.run(['pause', '--all'])
  expect(paused.exitCode, paused.stderr).toBe(0)
  for (const { exitCode, stderr } of await Promise.all([owner.ended, same.ended])) {
    expect(exitCode, stderr).toBe(130)
    expect(stderr).toMatch(/org\/a: paused/)
    expect(stderr).not.toMatch(TOOK_OVER)
  }
  expect((await world.run(['ls'])).stdout).toMatch(/paused/)
  world.hub.setCdnRate(undefined)
  await expectWhole(await world.run(['pull', 'org/a']), A)
  expect(cdnBytes(world.hub)).toBeLessThanOrEqual(20 * MB + 2 * MIB)
})

test('an owner that is done leaves the rest to one that waits', async () => {
  await using world = await openSlowWorld()
  const owner = pull(world, 'org/c')
  await receives(world, C.path)
  const other = pull(world, 'org/a')
  await says(other, WAITS)
  await expectWhole(await owner.ended, C)
  world.hub.setCdnRate(undefined)
  await expectWhole(await other.ended, A)
  expect(other.stderr).toMatch(TOOK_OVER)
  expect(Math.max(...bytesFetchedAgain(ofCdn(world.hub)))).toBeLessThanOrEqual(MIB)
})

test('three that start at the same moment become one owner and two that wait, and fetch once', async () => {
  await using world = await openSlowWorld()
  world.hub.setCdnRate(10 * MB)
  const three = [1, 2, 3].map(() => pull(world, 'org/a'))
  const ended = await Promise.all(three.map((one) => one.ended))
  for (const one of ended) await expectWhole(one, A)
  expect(cdnBytes(world.hub)).toBe(20 * MB)
})
