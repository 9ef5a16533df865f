import { existsSync } from 'node:fs'
import { sha256File, sha256OfRandomBytes } from '@windlass/testkit'
import { expect, it, vi } from 'vitest'
import { type ChildOrders, startEngineChild } from './engine-child.fixture.ts'
import { comesToRest, type FaultWorld, MB, openFaultWorld, REPO } from './fault-world.fixture.ts'

// Several processes one after the other, on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

/*
 * P10: a download with which the program dies again and again. Who kills it, a bug, the kernel
 * for want of memory or a person, nobody can tell; whether it came any further, we can.
 */

type Line = { readonly state?: string; readonly receivedBytes?: number }

/** Starts a program over the home, and kills it when it tells what is meant. */
async function dieWhen(
  world: FaultWorld,
  isMeant: (line: Line) => boolean,
  orders: Partial<ChildOrders> = {},
): Promise<void> {
  await using child = startEngineChild(world, orders)
  await child.until(isMeant)
  child.signal('SIGKILL')
  await child.ended
}

const isDownloading = ({ state }: Line): boolean => state === 'downloading'

async function expectWhole(world: FaultWorld): Promise<void> {
  const sha256 = await sha256OfRandomBytes({ seed: 'weights', sizeBytes: world.sizeBytes })
  expect(await sha256File(world.final)).toBe(sha256)
}

it.concurrent('P10: a download with which the program dies ten times without a byte is not started again', async () => {
  await using world = await openFaultWorld()
  world.hub.fault({ match: { role: 'cdn' }, do: { delayHeadersMs: 60_000 } })
  await dieWhen(world, isDownloading, { ref: REPO })
  for (let life = 2; life <= 10; life++) await dieWhen(world, isDownloading)
  const asked = world.asked().length
  const engine = await world.open()
  const [download] = (await engine.downloads.list({ limit: 2 })).items
  expect(download).toMatchObject({ state: 'failed', reason: { code: 'POISON_JOB' } })
  expect(download?.reason?.message).toContain('10 times in a row')
  expect(download?.reason?.hint).toMatch(/retry/)
  expect(existsSync(world.final)).toBe(false)
  expect(world.asked()).toHaveLength(asked)
  // It is for the person to say that the reason is gone.
  world.hub.clearFaults()
  await engine.downloads.retry(download?.id ?? '')
  expect(await comesToRest(engine, download?.id ?? '')).toMatchObject({ state: 'completed' })
  await expectWhole(world)
})

it.concurrent('P10: one that comes further each time is started again, however often the program dies', async () => {
  await using world = await openFaultWorld()
  world.hub.setCdnRate(4 * MB)
  for (let life = 1; life <= 4; life++) {
    const isFurther = ({ receivedBytes = 0 }: Line): boolean => receivedBytes >= life * 2 * MB
    await dieWhen(world, isFurther, life === 1 ? { ref: REPO } : {})
  }
  world.hub.setCdnRate(undefined)
  const engine = await world.open()
  const [download] = (await engine.downloads.list({ limit: 2 })).items
  expect(await comesToRest(engine, download?.id ?? '')).toMatchObject({ state: 'completed' })
  await expectWhole(world)
})

it.concurrent('P10: stopping the program in an orderly way is no sign of anything', async () => {
  await using world = await openFaultWorld()
  world.hub.fault({ match: { role: 'cdn' }, do: { delayHeadersMs: 60_000 } })
  for (let life = 1; life <= 11; life++) {
    const engine = await world.open()
    const { download } = await engine.downloads.create({ ref: REPO })
    await expect
      .poll(() => engine.downloads.find(download.id))
      .toMatchObject({ state: 'downloading' })
    await engine.close()
  }
  world.hub.clearFaults()
  const engine = await world.open()
  const [download] = (await engine.downloads.list({ limit: 2 })).items
  expect(await comesToRest(engine, download?.id ?? '')).toMatchObject({ state: 'completed' })
  await expectWhole(world)
})
