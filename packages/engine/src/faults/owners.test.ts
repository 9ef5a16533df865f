import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import { startEngineChild } from './engine-child.fixture.ts'
import {
  comesToRest,
  expectPublished,
  MB,
  openFaultWorld,
  REPO,
  receives,
} from './fault-world.fixture.ts'
import { isOver, theDownload } from './killed-child.fixture.ts'

// Programs of their own, on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

/*
 * P14 and P15 of the catalogue: who may write while the owner of a home does not move, and
 * a home that a newer program has had.
 */

it.concurrent('P14: an owner that stands still stays the owner, and nobody writes beside it', async () => {
  await using world = await openFaultWorld()
  world.hub.setCdnRate(4 * MB)
  await using child = startEngineChild(world, { ref: REPO })
  await child.until(({ receivedBytes = 0 }) => receivedBytes >= 2 * MB)
  child.signal('SIGSTOP')
  try {
    for (let attempt = 1; attempt <= 3; attempt++) {
      await expect(world.open()).rejects.toMatchObject({ code: 'LOCK_HELD' })
      await delay(500)
    }
  } finally {
    world.hub.setCdnRate(undefined)
    child.signal('SIGCONT')
  }
  expect(await child.until(isOver)).toMatchObject({ state: 'completed' })
  await expectPublished(world)
  expect(world.sent()).toBeLessThanOrEqual(world.sizeBytes + 4 * MB)
})

it.concurrent('P15: a home that a newer program has had is left as it is, and goes on with that one', async () => {
  await using world = await openFaultWorld()
  world.hub.setCdnRate(4 * MB)
  const first = await world.open()
  const { download } = await first.downloads.create({ ref: REPO })
  await receives(first, download.id, 2 * MB)
  await first.close()
  const idle = await world.open({ start: false })
  const kept = (await idle.downloads.find(download.id)).progress.receivedBytes
  await idle.close()
  const file = world.dir.join('home', 'windlass.db')
  change(file, "insert into kysely_migration (name, timestamp) values ('9999-future', '2030')")
  world.hub.setCdnRate(undefined)
  world.hub.clearLog()
  await expect(world.open()).rejects.toMatchObject({ code: 'DB_TOO_NEW' })
  expect(world.hub.log).toEqual([])
  change(file, "delete from kysely_migration where name = '9999-future'")
  const engine = await world.open()
  const id = await theDownload(engine)
  expect(id).toBe(download.id)
  expect(await comesToRest(engine, id)).toMatchObject({ state: 'completed' })
  await expectPublished(world)
  const asked = world.asked().reduce((sum, [start, end]) => sum + end - start, 0)
  expect(asked).toBe(world.sizeBytes - kept)
})

function change(file: string, sql: string): void {
  const database = new DatabaseSync(file)
  database.exec(sql)
  database.close()
}
