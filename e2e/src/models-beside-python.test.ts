import { chmod, lstat, open, readdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import type { ModelList } from '@windlass/contract'
import { describe, expect, test } from 'vitest'
import { hashesIn, hashesOf, leftovers } from './support/cache-state.ts'
import { fileRequests } from './support/hub-log.ts'
import { PYTHON_CLIENTS, type PythonClient, pythonClient } from './support/python-client.ts'
import { addRealisticRepos, REALISTIC_FILES } from './support/realistic-repo.ts'
import { openWorld, type World } from './support/world.ts'

const SIZES = `
import json
from huggingface_hub import scan_cache_dir
info = scan_cache_dir()
print(json.dumps({
  "warnings": [str(warning) for warning in info.warnings],
  "size": info.size_on_disk,
  "repos": sorted([repo.repo_type, repo.repo_id, repo.size_on_disk, repo.nb_files]
    for repo in info.repos),
  "revisions": sorted([repo.repo_type, repo.repo_id, revision.commit_hash,
      sorted(revision.refs), revision.size_on_disk, len(revision.files)]
    for repo in info.repos for revision in repo.revisions),
}))
`

const EXPECTED_FREED = `
import sys
from huggingface_hub import scan_cache_dir
print(scan_cache_dir().delete_revisions(*sys.argv[1:]).expected_freed_size)
`

interface Sizes {
  readonly warnings: readonly string[]
  readonly size: number
  readonly repos: readonly (readonly [type: string, id: string, bytes: number, files: number])[]
  readonly revisions: readonly (readonly [
    type: string,
    id: string,
    commit: string,
    refs: readonly string[],
    bytes: number,
    files: number,
  ])[]
}

const WAYS = [
  { way: 'over plain HTTP', xet: false },
  { way: 'with Xet, into the shared store', xet: true },
]

describe.each(PYTHON_CLIENTS)('in a cache that %s filled', (tool) => {
  test.for(WAYS)('our list has the numbers of its scan, $way', async ({ xet }, context) => {
    await using world = await openWorld({ pageSize: 7 })
    const python = pythonClient(context, world, tool, { xet })
    await fill(world, python)
    const { client } = await world.serve()
    const scan = await sizes(python)
    expect(scan.revisions).toHaveLength(4)
    expect(numbersOf(await client.models.list())).toEqual(scan)
    const space = await client.models.space()
    expect(space.cache_path).toBe(world.cache)
    expect(space.cache_size_bytes).toBeGreaterThan(scan.size)
  })

  test.for(WAYS)('what we remove is what it would have, $way', async ({ xet }, context) => {
    await using world = await openWorld({ pageSize: 7 })
    const python = pythonClient(context, world, tool, { xet })
    const commits = await fill(world, python)
    const { client } = await world.serve()
    for (const [hf_commit, commit] of [
      ['refs/pr/1', commits.pullRequest],
      [commits.main, commits.main],
    ] as const) {
      const { stdout } = await python.run(EXPECTED_FREED, commit)
      const before = await sizes(python)
      const removed = await client.models.remove({ hf_repo: 'org/real', hf_commit })
      expect(removed).toMatchObject({ status: 'deleted', model: { hf_commit: commit } })
      expect(removed.receipt.bytes).toBe(Number(stdout))
      const after = await sizes(python)
      expect(after.warnings).toEqual([])
      expect(before.size - after.size).toBe(removed.receipt.bytes)
      expect(after.revisions.map(([, , name]) => name)).not.toContain(commit)
      expect(numbersOf(await client.models.list())).toEqual(after)
    }
    const whole = { hf_repo: 'datasets/org/data' }
    await client.models.remove(whole)
    await client.models.remove({ hf_repo: 'org/real' })
    expect(await sizes(python)).toEqual({ warnings: [], size: 0, repos: [], revisions: [] })
    expect(await leftovers(world.cache)).toEqual([])
    expect((await client.models.status(whole)).status).toBe('NOT_FOUND')
  })

  test.for(WAYS)('we mend one byte, and it verifies, $way', async ({ xet }, context) => {
    await using world = await openWorld({ pageSize: 7 })
    const python = pythonClient(context, world, tool, { xet })
    const { main } = await fill(world, python)
    const snapshot = join(world.cache, 'models--org--real/snapshots', main)
    await flipByte(join(snapshot, 'model-00002-of-00002.safetensors'))
    const failed = await python.hf('cache', 'verify', 'org/real')
    expect(failed.exitCode).toBe(1)

    const found = await world.run(['models', 'verify', 'org/real', '--json'])
    expect(found.exitCode).toBe(1)
    expect(JSON.parse(found.stdout)).toMatchObject({
      status: 'DAMAGED',
      files_checked: REALISTIC_FILES.length,
      damaged: [{ path: 'model-00002-of-00002.safetensors', problem: 'digest' }],
    })
    world.hub.clearLog()
    const mended = await world.run(['models', 'verify', 'org/real', '--repair'])
    expect(mended.exitCode, mended.stderr).toBe(0)
    const fetched = fileRequests(world.hub).filter((line) => !line.includes('00002-of-00002'))
    expect(fetched.filter((line) => line.includes('/resolve/'))).toEqual([])
    expect(await hashesIn(snapshot)).toEqual(await hashesOf(REALISTIC_FILES))
    for (const revision of ['main', 'refs/pr/1']) {
      const strict = ['--revision', revision, '--fail-on-missing-files', '--fail-on-extra-files']
      const verified = await python.hf('cache', 'verify', 'org/real', ...strict)
      expect(verified.exitCode, verified.stdout + verified.stderr).toBe(0)
    }
    expect((await sizes(python)).warnings).toEqual([])
    expect(await leftovers(world.cache)).toEqual([])
  })

  test('a shared payload stays for the repository that still needs it', async (context) => {
    await using world = await openWorld()
    const weights = REALISTIC_FILES.filter(({ xet }) => xet === true)
    await world.hub.addRepo({ id: 'org/one', files: weights })
    const { commit } = await world.hub.addRepo({ id: 'org/two', files: weights })
    const python = pythonClient(context, world, tool, { xet: true })
    await python.snapshots([{ repo_id: 'org/one' }, { repo_id: 'org/two' }])
    const payloads = await payloadsIn(world)
    expect(payloads).toHaveLength(2)
    const { client } = await world.serve()
    const list = await client.models.list()
    expect(list.size_bytes).toBe((await sizes(python)).size)
    expect(list.size_bytes).toBe(list.repos[0]?.size_bytes)

    const first = await client.models.remove({ hf_repo: 'org/one' })
    expect(first.receipt.bytes).toBe(0)
    expect(await payloadsIn(world)).toEqual(payloads)
    const snapshot = join(world.cache, 'models--org--two/snapshots', commit)
    expect(await hashesIn(snapshot)).toEqual(await hashesOf(weights))
    expect((await sizes(python)).warnings).toEqual([])

    const second = await client.models.remove({ hf_repo: 'org/two' })
    expect(second.receipt.bytes).toBe(list.size_bytes)
    expect(await payloadsIn(world)).toEqual([])
    expect(await sizes(python)).toEqual({ warnings: [], size: 0, repos: [], revisions: [] })
  })

  test('we prune what it would, and not what somebody pulled by its commit', async (context) => {
    await using world = await openWorld()
    const { detached } = await addRealisticRepos(world.hub)
    const python = pythonClient(context, world, tool)
    await python.snapshots([{ repo_id: 'org/real' }, { repo_id: 'org/real', revision: detached }])
    const { stdout } = await python.run(EXPECTED_FREED, detached)
    const dry = await world.run(['models', 'prune', '--dry-run', '--json'])
    expect(JSON.parse(dry.stdout)).toMatchObject({
      items: [{ kind: 'revision', hf_repo: 'org/real', name: detached }],
      receipt: { bytes: Number(stdout) },
    })
    expect((await world.run(['pull', `org/real@${detached}`])).exitCode).toBe(0)
    const kept = await world.run(['models', 'prune', '--yes', '--json'])
    expect(JSON.parse(kept.stdout).items).toEqual([])
    expect((await world.run(['rm', '--all', '--yes'])).exitCode).toBe(0)
    const pruned = await world.run(['models', 'prune', '--yes', '--json'])
    expect(JSON.parse(pruned.stdout).receipt.bytes).toBe(Number(stdout))
    const scan = await sizes(python)
    expect([scan.warnings, scan.revisions.length]).toEqual([[], 1])
  })
})

/** Three revisions of a model, one of them detached, and a dataset. */
async function fill(world: World, python: PythonClient) {
  const commits = await addRealisticRepos(world.hub)
  const answers = await python.snapshots([
    ...['main', 'refs/pr/1', commits.detached].map((revision) => ({
      repo_id: 'org/real',
      revision,
    })),
    { repo_id: 'org/data', repo_type: 'dataset' },
  ])
  expect(answers.map(({ text }) => text)).toEqual(answers.map(() => undefined))
  return commits
}

async function sizes(python: PythonClient): Promise<Sizes> {
  const { stdout, stderr, exitCode } = await python.run(SIZES)
  expect(exitCode, stderr).toBe(0)
  return JSON.parse(stdout)
}

/** Our list in the shape of the client's scan. */
function numbersOf({ models, repos, size_bytes: size, warnings }: ModelList): Sizes {
  const idOf = (name: string): string => name.replace(/^(?:datasets|spaces)\//, '')
  return {
    warnings,
    size,
    repos: sorted(
      repos.map((repo) => [repo.repo_type, idOf(repo.hf_repo), repo.size_bytes, repo.files]),
    ),
    revisions: sorted(
      models.map(({ model, refs, repo_type: type, size_bytes: bytes, files }) => [
        type,
        idOf(model.hf_repo),
        model.hf_commit ?? '',
        refs,
        bytes,
        files,
      ]),
    ),
  }
}

function sorted<T extends readonly unknown[]>(rows: readonly T[]): readonly T[] {
  return rows.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}

async function payloadsIn({ cache }: World): Promise<string[]> {
  const names = await readdir(join(cache, 'blobs'), { recursive: true })
  return names.filter((name) => /^[0-9a-f]{2}\/[0-9a-f]{64}$/.test(name))
}

/** Changes one byte of a file wherever it is, and leaves its mode as it was. */
async function flipByte(path: string): Promise<void> {
  const at = await realpath(path)
  const { mode, size } = await lstat(at)
  await chmod(at, 0o600)
  const handle = await open(at, 'r+')
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 2)
  await handle.write(Buffer.from([(buffer[0] ?? 0) ^ 1]), 0, 1, size - 2)
  await handle.close()
  await chmod(at, mode & 0o777)
}
