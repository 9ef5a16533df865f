import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  createFaultRules,
  createRandomBytes,
  fileReply,
  type LoggedRequest,
  readBytes,
  startListener,
} from '@windlass/testkit'
import { expect, it } from 'vitest'
import { openHubEngine } from './faults/hub-engine.fixture.ts'

const SIZE = 12_000_000
const weights = { path: 'model.safetensors', content: { seed: 'weights', sizeBytes: SIZE } }

/** Another edge of the CDN, which serves the random bytes of a seed. */
async function startEdge(seed: string) {
  const log: LoggedRequest[] = []
  const bytes = createRandomBytes(seed, SIZE)
  const listener = await startListener({
    role: 'edge',
    host: 'localhost',
    port: 0,
    rules: createFaultRules(),
    log,
    route: (request) => fileReply(request, bytes, {}),
  })
  return { log, url: `${listener.url}/model`, [Symbol.asyncDispose]: () => listener.close() }
}

/** From the second request for the file on, the Hub sends everybody to the other edge. */
async function pullOverTwoEdges(seed: string) {
  await using edge = await startEdge(seed)
  await using pulling = await openHubEngine()
  const { hub, cache } = pulling
  const { commit } = await hub.addRepo({ id: 'org/tiny', files: [weights] })
  hub.fault({ match: { role: 'cdn', nth: 1 }, do: { cutAt: 5_000_000 } })
  hub.fault({ match: { role: 'cdn' }, do: { expire: true } })
  hub.fault({
    match: { role: 'hub', file: weights.path, nth: 2, times: 100 },
    do: { redirect: edge.url },
  })
  const { state, reason } = await pulling.pullOnce('org/tiny')
  const path = join(cache, 'models--org--tiny/snapshots', commit, weights.path)
  const content = state === 'completed' ? await readFile(path) : null
  return { state, code: reason?.code, content, asked: edge.log.map(({ range }) => range) }
}

it('X11: goes on at another edge where the first one stopped, when the bytes are the same', async () => {
  const { state, content, asked } = await pullOverTwoEdges('weights')
  expect(state).toBe('completed')
  expect(content?.equals(readBytes(createRandomBytes('weights', SIZE), 0, SIZE))).toBe(true)
  expect(asked.length).toBeGreaterThan(0)
  expect(asked.filter((range) => range === undefined || range.startsWith('bytes=0-'))).toEqual([])
})

it('X11: publishes nothing when the other edge has other bytes', async () => {
  const { state, code, content } = await pullOverTwoEdges('something else')
  expect(state).not.toBe('completed')
  expect(code).toBe('HASH_MISMATCH')
  expect(content).toBeNull()
})
