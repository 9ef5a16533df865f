import type { DownloadState } from '@windlass/contract'
import type { HubFileSpec } from '@windlass/testkit'
import { expect, test } from 'vitest'
import { hashesIn, hashesOf, leftovers } from './support/cache-state.ts'
import { checkDatabase } from './support/check-database.ts'
import { bytesFetchedAgain, cdnBytes, ofCdn } from './support/hub-log.ts'
import { receives } from './support/receives.ts'
import { until } from './support/until.ts'
import { openWorld, type Served, type World } from './support/world.ts'

const MB = 1_000_000
const MIB = 1024 * 1024
const IDS = ['org/one', 'org/two', 'org/three', 'org/waits'] as const
const CDN_RATE = 1.5 * MB
/** What the CDN sends in the 100 ms within which a stop closes a connection: the program never got it. */
const ON_THE_WAY_BYTES = CDN_RATE / 10
const GOES_ON_MS = 3_000
/** States that would mean: it did not go on. */
const STUCK: readonly DownloadState[] = ['failed', 'blocked', 'cancelled', 'paused']

function filesOf(id: string): HubFileSpec[] {
  const weights = [1, 2].map((part) => ({
    path: `model-${part}.safetensors`,
    content: { seed: `${id} ${part}`, sizeBytes: 8 * MB },
  }))
  return [{ path: 'config.json', content: `{"id": "${id}"}` }, ...weights]
}

/** Three downloads under way, one that waits for a slot and one that is paused. */
async function begin(world: World): Promise<{ served: Served; ids: string[]; pausedId: string }> {
  world.hub.setCdnRate(CDN_RATE)
  const served = await world.serve()
  const ids: string[] = []
  for (const id of IDS) {
    await world.hub.addRepo({ id, files: filesOf(id) })
    ids.push((await served.client.start({ ref: id })).download.id)
  }
  await world.hub.addRepo({ id: 'org/paused', files: filesOf('org/paused') })
  const paused = await served.client.start({ ref: 'org/paused', paused: true })
  for (const id of ids.slice(0, 3)) await receives(served.client, id, 1.5 * MB)
  return { served, ids, pausedId: paused.download.id }
}

/** Starts the server again and waits until everything that may go on is complete. */
async function finish(
  world: World,
  { ids, pausedId }: { readonly ids: readonly string[]; readonly pausedId: string },
): Promise<void> {
  world.hub.setCdnRate(undefined)
  const sent = cdnBytes(world.hub)
  const startedAt = performance.now()
  const served = await world.serve()
  await until(() => cdnBytes(world.hub) > sent, { what: 'it goes on by itself' })
  expect(performance.now() - startedAt).toBeLessThan(GOES_ON_MS)
  for (const [at, id] of ids.entries()) {
    const done = await until(
      async () => {
        const download = await served.client.find(id)
        expect(STUCK).not.toContain(download.state)
        return download.state === 'completed' && download
      },
      { what: `${id} is complete` },
    )
    expect(await hashesIn(done.result?.path ?? '')).toEqual(await hashesOf(filesOf(IDS[at] ?? '')))
  }
  expect((await served.client.find(pausedId)).state).toBe('paused')
  served.kill('SIGTERM')
  expect(await served.ended).toMatchObject({ exitCode: 0 })
  expect(checkDatabase(world.home())).toBe('ok')
  expect(await leftovers(world.cache)).toEqual([])
}

test('P8: SIGTERM ends a server with active downloads within 10 s, and only what was on the way is fetched twice', async () => {
  await using world = await openWorld()
  const begun = await begin(world)
  const askedAt = performance.now()
  begun.served.kill('SIGTERM')
  const { exitCode, stderr } = await begun.served.ended
  expect(exitCode, stderr).toBe(0)
  expect(performance.now() - askedAt).toBeLessThan(10_000)
  await finish(world, begun)
  const most = Math.max(...bytesFetchedAgain(ofCdn(world.hub)))
  process.stdout.write(`after SIGTERM at most ${most} bytes of a connection were fetched twice\n`)
  expect(most).toBeLessThanOrEqual(ON_THE_WAY_BYTES)
})

test('P1: a killed server goes on by itself within 3 s of its next start, and fetches at most 1 MiB of a connection twice', async () => {
  await using world = await openWorld()
  const begun = await begin(world)
  begun.served.kill('SIGKILL')
  await begun.served.ended
  await finish(world, begun)
  expect(Math.max(...bytesFetchedAgain(ofCdn(world.hub)))).toBeLessThanOrEqual(MIB)
})
