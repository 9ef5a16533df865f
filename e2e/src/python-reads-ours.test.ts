import { join } from 'node:path'
import type { SkippableContext } from '@windlass/testkit'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { hashesIn, hashesOf, leftovers } from './support/cache-state.ts'
import { hubPaths } from './support/hub-log.ts'
import {
  PYTHON_CLIENTS,
  type PythonClient,
  pythonClient,
  type SnapshotQuery,
} from './support/python-client.ts'
import {
  addRealisticRepos,
  DATA_FILES,
  REALISTIC_FILES,
  type RealisticCommits,
} from './support/realistic-repo.ts'
import { openWorld, type World } from './support/world.ts'

const FIND = `
import json, os, sys
from huggingface_hub import hf_hub_download, try_to_load_from_cache
found = {}
for path in json.loads(sys.argv[1]):
    cached = try_to_load_from_cache("org/real", path)
    got = hf_hub_download("org/real", path, local_files_only=True)
    found[path] = isinstance(cached, str) and cached == got and os.path.isfile(got)
print(json.dumps(found))
`

const ONE_FILE = `
from huggingface_hub import hf_hub_download
print(hf_hub_download("org/real", "original/same bytes.pth"))
`

let world: World
let commits: RealisticCommits
/** Where we said that each of {@link queries} is. */
let paths: string[]
let queries: SnapshotQuery[]

beforeAll(async () => {
  world = await openWorld({ pageSize: 7 })
  commits = await addRealisticRepos(world.hub)
  const revisions = ['main', 'v1', 'dev/next', 'refs/pr/1', commits.detached]
  queries = [
    ...revisions.map((revision) => ({ repo_id: 'org/real', revision })),
    { repo_id: 'org/data', repo_type: 'dataset' },
    { repo_id: 'org/app', repo_type: 'space' },
  ]
  const refs = [
    ...revisions.map((revision) => `org/real@${revision}`),
    'hf://datasets/org/data',
    `${world.hub.endpoint}/spaces/org/app`,
  ]
  const pulled = await world.run(['pull', ...refs])
  expect(pulled.exitCode, pulled.stderr).toBe(0)
  paths = pulled.stdout.trim().split('\n')
})

beforeEach(() => world.hub.clearLog())
afterAll(() => world?.[Symbol.asyncDispose]())

test('Windlass puts every revision where the cache has its place, and no byte differs', async () => {
  const snapshots = [
    ['models--org--real', commits.main],
    ['models--org--real', commits.main],
    ['models--org--real', commits.branch],
    ['models--org--real', commits.pullRequest],
    ['models--org--real', commits.detached],
    ['datasets--org--data', commits.dataset],
    ['spaces--org--app', commits.space],
  ]
  expect(paths).toEqual(
    snapshots.map(([folder = '', commit = '']) => join(world.cache, folder, 'snapshots', commit)),
  )
  expect(await hashesIn(paths[0] ?? '')).toEqual(await hashesOf(REALISTIC_FILES))
  expect(await hashesIn(paths[5] ?? '')).toEqual(await hashesOf(DATA_FILES))
  expect(await leftovers(world.cache)).toEqual([])
})

describe.each(PYTHON_CLIENTS)(
  '%s, in a cache that Windlass filled',
  { timeout: 90_000 },
  (tool) => {
    const client = (context: SkippableContext): PythonClient => pythonClient(context, world, tool)

    test('scans it without a warning and sees every revision with its refs', async (context) => {
      const scan = await client(context).scan()
      expect(scan.warnings).toEqual([])
      expect(scan.incomplete).toEqual([])
      const [dataset, model, space] = scan.repos
      expect(dataset).toEqual(['dataset', 'org/data', [[['main'], commits.dataset, 2]]])
      expect(space).toEqual(['space', 'org/app', [[['main'], commits.space, 1]]])
      const count = REALISTIC_FILES.length
      expect(new Set(model?.[2])).toEqual(
        new Set([
          [[], commits.detached, 1],
          [['dev/next'], commits.branch, count],
          [['main', 'v1'], commits.main, count],
          [['refs/pr/1'], commits.pullRequest, count + 1],
        ]),
      )
    })

    test('returns our path for each of them offline, without a request', async (context) => {
      const offline = queries.map((query) => ({ ...query, local_files_only: true }))
      const answers = await client(context).snapshots(offline)
      expect(answers).toEqual(paths.map((path) => ({ path })))
      expect(hubPaths(world.hub)).toEqual([])
    })

    test('verifies every file of each of them', async (context) => {
      const hf = client(context).hf
      const targets = [
        ['org/real'],
        ['org/real', '--revision', 'refs/pr/1'],
        ['org/data', '--repo-type', 'dataset'],
      ]
      for (const target of targets) {
        const strict = ['--fail-on-missing-files', '--fail-on-extra-files']
        const verified = await hf('cache', 'verify', ...target, ...strict)
        expect(verified.exitCode, verified.stdout + verified.stderr).toBe(0)
      }
    })

    test('asks the Hub once online, and fetches no file', async (context) => {
      const [answer] = await client(context).snapshots([{ repo_id: 'org/real' }])
      expect(answer).toEqual({ path: paths[0] })
      expect(hubPaths(world.hub)).toEqual(['/api/models/org/real/revision/main'])
    })

    test('finds each single file, whatever its name', async (context) => {
      const names = REALISTIC_FILES.map(({ path }) => path)
      const { stdout, stderr } = await client(context).run(FIND, JSON.stringify(names))
      expect(JSON.parse(stdout || '{}'), stderr).toEqual(
        Object.fromEntries(names.map((name) => [name, true])),
      )
    })

    test('uses a single file online without fetching it', async (context) => {
      const { stdout, stderr } = await client(context).run(ONE_FILE)
      expect(stdout.trim(), stderr).toBe(join(paths[0] ?? '', 'original/same bytes.pth'))
      const fetched = world.hub.log.filter(
        ({ role, method }) => role === 'cdn' || method !== 'HEAD',
      )
      expect(fetched.map(({ path }) => path).filter((path) => path.includes('real'))).toEqual([])
    })

    test('sees a filtered pull as what it is: whole with the same patterns, else incomplete', async (context) => {
      await using filtered = await openWorld({ pageSize: 7 })
      await addRealisticRepos(filtered.hub)
      const patterns = ['*.json', 'odd/*']
      const flags = patterns.flatMap((pattern) => ['--include', pattern])
      const pulled = await filtered.run(['pull', 'org/real', ...flags])
      expect(pulled.exitCode, pulled.stderr).toBe(0)
      const path = pulled.stdout.trim()
      const wanted = REALISTIC_FILES.filter(({ path: name }) => /\.json$|^odd\//.test(name))
      expect(await hashesIn(path)).toEqual(await hashesOf(wanted))
      filtered.hub.clearLog()

      const python = pythonClient(context, filtered, tool)
      const same = { repo_id: 'org/real', allow_patterns: patterns }
      const [offline, unfiltered, online] = await python.snapshots([
        { ...same, local_files_only: true },
        { repo_id: 'org/real', local_files_only: true },
        same,
      ])
      expect(offline).toEqual({ path })
      expect(unfiltered?.raised).toContain('IncompleteSnapshotError')
      expect(online).toEqual({ path })
      expect(hubPaths(filtered.hub)).toEqual(['/api/models/org/real/revision/main'])
      expect((await python.scan()).warnings).toEqual([])
    })
  },
)
