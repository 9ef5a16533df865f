import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { HubFileSpec } from '@windlass/testkit'
import { expect, test } from 'vitest'
import { hashesIn, hashesOf, leftovers, wrongBlobs } from './support/cache-state.ts'
import { checkDatabase } from './support/check-database.ts'
import { bytesFetchedAgain, cdnBytes, ofCdn } from './support/hub-log.ts'
import { killAt } from './support/kill-at.ts'
import { everyPythonClient } from './support/python-client.ts'
import { receives } from './support/receives.ts'
import { seededRandom } from './support/seeded-random.ts'
import { until } from './support/until.ts'
import { openWorld, type World } from './support/world.ts'

const MB = 1_000_000
const MIB = 1024 * 1024

test('P1: a pull that is killed 50 times ends with every byte right, and little fetched twice', {
  timeout: 240_000,
}, async () => {
  const kills = 50
  await using world = await openWorld()
  const random = seededRandom()
  const files: HubFileSpec[] = [
    { path: 'config.json', content: '{}' },
    ...[40, 24, 17, 11, 8].map((megabytes, at) => ({
      path: `model-${at}.safetensors`,
      content: { seed: `killed ${at}`, sizeBytes: megabytes * MB + at },
    })),
  ]
  await world.hub.addRepo({ id: 'org/big', files })
  const total = 100 * MB + 10
  // Slow enough that what the kernel holds for a busy program is little.
  world.hub.setCdnRate(1.25 * MB)
  const env = { WINDLASS_CONNECTIONS: '3' }
  // Three quarters of it on average, so that the last kill still finds work under way.
  const bytesOfRun = (0.75 * total) / kills
  let connections = 0
  let whileReceiving = 0
  for (let kill = 1; kill <= kills; kill++) {
    const running = world.start(['pull', 'org/big'], { env })
    const isEarly = random.next() < 0.2
    const open = await killAt(running, world.hub, {
      afterMs: isEarly ? random.next() * 1_200 : 20_000,
      // Mostly short runs, and some that lose more than is allowed if nothing is recorded.
      afterBytes: -Math.log(1 - random.next()) * bytesOfRun,
    })
    expect(open, `the pull ended before kill ${kill}, seed ${random.seed}`).not.toBeNull()
    connections += open ?? 0
    whileReceiving += open === 0 ? 0 : 1
  }
  world.hub.setCdnRate(undefined)
  const done = await world.run(['pull', 'org/big'], { env })
  expect(done.exitCode, done.stderr).toBe(0)

  const again = bytesFetchedAgain(ofCdn(world.hub))
  const most = Math.max(...again)
  process.stdout.write(
    `seed ${random.seed}: ${kills} kills, ${whileReceiving} while receiving, on ${connections} connections in all; ` +
      `fetched twice: ${cdnBytes(world.hub) - total} bytes, at most ${most} of one connection\n`,
  )
  expect(whileReceiving).toBeGreaterThan(kills / 2)
  expect(cdnBytes(world.hub) - total).toBeLessThanOrEqual(connections * MIB)
  expect(most).toBeLessThanOrEqual(MIB)
  expect(await hashesIn(done.stdout.trim())).toEqual(await hashesOf(files))
  await expectClean(world)
})

test('kills while it starts, and while many small files are put in place, harm nothing', {
  timeout: 120_000,
}, async () => {
  await using world = await openWorld()
  const random = seededRandom()
  process.stdout.write(`seed ${random.seed}\n`)
  const files = Array.from({ length: 150 }, (_, at) => ({
    path: `folder ${at % 7}/file-${at}.${at % 5 === 0 ? 'bin' : 'json'}`,
    content: `content ${at % 120}`,
  }))
  await world.hub.addRepo({ id: 'org/unharmed', files })
  const { tookMs } = await world.run(['pull', 'org/unharmed'])
  let kills = 0
  for (let repo = 0; kills < 20; repo++) {
    const id = `org/small-${repo}`
    await world.hub.addRepo({ id, files })
    let exitCode: number | null = null
    while (exitCode === null) {
      // The last ones come while it finishes, or too late.
      const afterMs = random.next() * 1.2 * tookMs
      const running = world.start(['pull', id])
      kills += (await killAt(running, world.hub, { afterMs })) === null ? 0 : 1
      ;({ exitCode } = await running.ended)
      expect(exitCode ?? 0, running.stderr).toBe(0)
      if (exitCode === 0) {
        expect(await hashesIn(running.stdout.trim())).toEqual(await hashesOf(files))
      }
    }
  }
  await expectClean(world)
})

test('P6: kills during a cancel leave a clean-up that the next start finishes', {
  timeout: 120_000,
}, async () => {
  await using world = await openWorld()
  const random = seededRandom()
  process.stdout.write(`seed ${random.seed}\n`)
  const small = Array.from({ length: 250 }, (_, at) => ({ path: `${at}.json`, content: `${at}` }))
  const big = { path: 'model.safetensors', content: { seed: 'cancelled', sizeBytes: 30 * MB } }
  world.hub.setCdnRate(MB)
  let served = await world.serve()
  let cutShort = 0
  for (let round = 0; round < 6; round++) {
    const id = `org/cancelled-${round}`
    await world.hub.addRepo({ id, files: [...small, big] })
    const { download } = await served.client.start({ ref: id })
    await receives(served.client, download.id, MB)
    const cancelling = served.client.cancel(download.id).catch(() => undefined)
    if (round % 2 === 0) {
      await killAt(served, world.hub, { afterMs: random.next() * 40 })
    } else {
      const before = (await namesIn(world)).length
      await until(async () => (await namesIn(world)).length < before, {
        what: 'the clean-up begins',
      })
      await killAt(served, world.hub, { afterMs: 0 })
      cutShort += (await namesIn(world)).length === 0 ? 0 : 1
    }
    await cancelling

    served = await world.serve()
    const { state } = await served.client.find(download.id)
    // Killed before the cancel was durable, the download goes on, and can be cancelled.
    if (state !== 'cancelled') await served.client.cancel(download.id)
    await until(async () => (await namesIn(world)).length === 0, { what: `the clean-up of ${id}` })
  }
  expect(cutShort).toBeGreaterThan(0)
  served.kill('SIGTERM')
  expect((await served.ended).exitCode).toBe(0)
  expect(checkDatabase(world.home())).toBe('ok')
})

async function expectClean(world: World): Promise<void> {
  expect(await leftovers(world.cache)).toEqual([])
  for (const name of await readdir(world.cache)) {
    if (name.startsWith('models--')) expect(await wrongBlobs(join(world.cache, name))).toEqual([])
  }
  expect(checkDatabase(world.home())).toBe('ok')
  for (const python of everyPythonClient(world)) {
    expect(await python.scan()).toMatchObject({ warnings: [], incomplete: [] })
  }
}

/** What is in the cache but the locks and the tag, which the Python client never removes either. */
async function namesIn(world: World): Promise<string[]> {
  try {
    const names = await readdir(world.cache, { recursive: true })
    return names.filter((name) => !/^(\.locks(\/.*)?|CACHEDIR\.TAG)$/.test(name))
  } catch (error) {
    // A folder went while it was looked into.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return namesIn(world)
    throw error
  }
}
