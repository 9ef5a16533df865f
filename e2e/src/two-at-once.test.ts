import { join } from 'node:path'
import type { HubFileSpec } from '@windlass/testkit'
import { describe, expect, test } from 'vitest'
import { hashesIn, hashesOf, leftovers, wrongBlobs } from './support/cache-state.ts'
import { cdnBytes } from './support/hub-log.ts'
import { everyPythonClient, PYTHON_CLIENTS, pythonClient } from './support/python-client.ts'
import { until } from './support/until.ts'
import { openWorld, type World } from './support/world.ts'

const MB = 1_000_000
const ROUNDS = 3

/** Both are at it for as long as this takes; the large ones are worth a lock, the small ones not. */
function filesOf(round: number): HubFileSpec[] {
  return [
    ...Array.from({ length: 20 }, (_, at) => ({ path: `a/${at}.json`, content: `${round} ${at}` })),
    { path: 'model-1.safetensors', content: { seed: `two ${round} 1`, sizeBytes: 9 * MB } },
    { path: 'model-2.safetensors', content: { seed: `two ${round} 2`, sizeBytes: 6 * MB } },
    { path: 'same as 1.bin', content: { seed: `two ${round} 1`, sizeBytes: 9 * MB } },
  ]
}
const LARGE_BYTES = 15 * MB
/** What is on its way on a connection when another one takes over counts as sent; a second fetch would be more. */
const SMALLEST_LARGE_BYTES = 6 * MB

test('D24: two of ours with a home each fetch a large blob once, and both succeed', async () => {
  await using world = await openWorld()
  world.hub.setCdnRate(8 * MB)
  for (let round = 0; round < ROUNDS; round++) {
    const id = `org/shared-${round}`
    const files = filesOf(round)
    await world.hub.addRepo({ id, files })
    world.hub.clearLog()
    const both = await Promise.all([
      world.run(['pull', id], { home: 'home-1' }),
      world.run(['pull', id], { home: 'home-2' }),
    ])
    for (const { exitCode, stdout, stderr } of both) {
      expect(exitCode, stderr).toBe(0)
      expect(await hashesIn(stdout.trim())).toEqual(await hashesOf(files))
    }
    expectFetchedOnce(world)
    await expectWhole(world, id)
  }
  for (const python of everyPythonClient(world)) {
    expect(await python.scan()).toMatchObject({ warnings: [], incomplete: [] })
  }
})

describe.each(PYTHON_CLIENTS)('Windlass and %s at once', (tool) => {
  test.for(['Windlass', 'Python'] as const)(
    'D23: both succeed and fetch a large blob once, when %s begins',
    async (first, context) => {
      await using world = await openWorld()
      const python = pythonClient(context, world, tool)
      world.hub.setCdnRate(8 * MB)
      for (let round = 0; round < ROUNDS; round++) {
        const id = `org/shared-${round}`
        const files = filesOf(round)
        await world.hub.addRepo({ id, files })
        world.hub.clearLog()
        const starts = {
          Windlass: async () => {
            const { exitCode, stdout, stderr } = await world.run(['pull', id])
            expect(exitCode, stderr).toBe(0)
            return stdout.trim()
          },
          Python: async () => {
            const [answer] = await python.snapshots([{ repo_id: id }])
            expect(answer?.text).toBeUndefined()
            return answer?.path
          },
        }
        const leading = starts[first]()
        await until(() => cdnBytes(world.hub) > 0, { what: `${first} receives` })
        const following = starts[first === 'Python' ? 'Windlass' : 'Python']()
        const [path, other] = await Promise.all([leading, following])
        expect(other).toBe(path)
        expect(await hashesIn(path ?? '')).toEqual(await hashesOf(files))
        expectFetchedOnce(world)
        await expectWhole(world, id)
      }
      expect(await python.scan()).toMatchObject({ warnings: [], incomplete: [] })
    },
  )
})

function expectFetchedOnce({ hub }: World): void {
  expect(cdnBytes(hub)).toBeGreaterThanOrEqual(LARGE_BYTES)
  expect(cdnBytes(hub)).toBeLessThan(LARGE_BYTES + SMALLEST_LARGE_BYTES)
}

async function expectWhole({ cache }: World, id: string): Promise<void> {
  expect(await wrongBlobs(join(cache, `models--${id.replace('/', '--')}`))).toEqual([])
  expect(await leftovers(cache)).toEqual([])
}
