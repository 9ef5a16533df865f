import { expect, test } from 'vitest'
import { hashesIn, hashesOf, leftovers } from './support/cache-state.ts'
import { everyPythonClient } from './support/python-client.ts'
import { openWorld } from './support/world.ts'

const COUNT = 1_500

test('pulls 1,500 files with no request about a single one but its fetch', {
  timeout: 120_000,
}, async () => {
  await using world = await openWorld()
  const files = Array.from({ length: COUNT }, (_, at) => ({
    path: `shard ${at % 40}/part-${at}.${at % 10 === 0 ? 'bin' : 'json'}`,
    content: `{"part": ${at}}\n`,
  }))
  await world.hub.addRepo({ id: 'org/many', files })
  const pulled = await world.run(['pull', 'org/many', '--quiet'], { deadlineMs: 90_000 })
  expect(pulled.exitCode, pulled.stderr).toBe(0)
  process.stdout.write(`1,500 files in ${(pulled.tookMs / 1000).toFixed(1)} s\n`)
  expect(await hashesIn(pulled.stdout.trim())).toEqual(await hashesOf(files))
  expect(await leftovers(world.cache)).toEqual([])

  const api = world.hub.log.filter(
    ({ path }) => path.startsWith('/api/') && !path.includes('/resolve-cache/'),
  )
  expect(api.map(({ method, path }) => `${method} ${path.split('/')[5]}`)).toEqual([
    'GET revision',
    'GET tree',
    'GET tree',
  ])
  const fetches = world.hub.log.filter(({ role, status }) => role === 'cdn' || status < 300)
  expect(new Set(world.hub.log.map(({ method }) => method))).toEqual(new Set(['GET']))
  expect(fetches.length - api.length).toBe(COUNT)

  for (const python of everyPythonClient(world)) {
    expect((await python.scan()).warnings).toEqual([])
    const [offline] = await python.snapshots([{ repo_id: 'org/many', local_files_only: true }])
    expect(offline).toEqual({ path: pulled.stdout.trim() })
  }
})
