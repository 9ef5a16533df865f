import { lstat, readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { treeHash } from '@windlass/testkit'
import { describe, expect, test } from 'vitest'
import { hashesIn, hashesOf, leftovers } from './support/cache-state.ts'
import { fileRequests } from './support/hub-log.ts'
import { PYTHON_CLIENTS, pythonClient } from './support/python-client.ts'
import { addRealisticRepos, REALISTIC_FILES } from './support/realistic-repo.ts'
import { openWorld, type World } from './support/world.ts'

describe.each(PYTHON_CLIENTS)('in a cache that %s filled', { timeout: 90_000 }, (tool) => {
  test.for([
    { way: 'over plain HTTP', xet: false },
    { way: 'with Xet, into the shared store', xet: true },
  ])('Windlass finds everything there, $way, and changes nothing', async ({ xet }, context) => {
    await using world = await openWorld({ pageSize: 7 })
    const commits = await addRealisticRepos(world.hub)
    const python = pythonClient(context, world, tool, { xet })
    const revisions = ['main', 'refs/pr/1', commits.detached]
    const answers = await python.snapshots([
      ...revisions.map((revision) => ({ repo_id: 'org/real', revision })),
      { repo_id: 'org/data', repo_type: 'dataset' },
    ])
    expect(answers.map(({ text }) => text)).toEqual(answers.map(() => undefined))
    expect((await sharedPayloads(world)).length).toBe(xet ? 2 : 0)
    // The tree file is the client's own; it is left as it is, like everything else.
    const before = await treeHash(world.cache)
    const payloads = await sharedPayloads(world)
    world.hub.clearLog()

    const refs = revisions.map((revision) => `org/real@${revision}`)
    const pulled = await world.run(['pull', ...refs, 'hf://datasets/org/data'])
    expect(pulled.exitCode, pulled.stderr).toBe(0)
    expect(pulled.stdout.trim().split('\n')).toEqual(answers.map(({ path }) => path))
    expect(fileRequests(world.hub)).toEqual([])
    expect(await treeHash(world.cache)).toBe(before)
    expect(await sharedPayloads(world)).toEqual(payloads)
    expect((await python.scan()).warnings).toEqual([])
    expect(await leftovers(world.cache)).toEqual([])
  })

  test('Windlass links what another repository put into the shared store', async (context) => {
    await using world = await openWorld()
    const weights = REALISTIC_FILES.filter(({ xet }) => xet === true)
    await world.hub.addRepo({ id: 'org/one', files: weights })
    const { commit } = await world.hub.addRepo({ id: 'org/two', files: weights })
    const python = pythonClient(context, world, tool, { xet: true })
    await python.snapshots([{ repo_id: 'org/one' }])
    const payloads = await sharedPayloads(world)
    expect(payloads.map(({ mode }) => mode)).toEqual([0o444, 0o444])
    world.hub.clearLog()

    const pulled = await world.run(['pull', 'org/two'])
    expect(pulled.exitCode, pulled.stderr).toBe(0)
    expect(fileRequests(world.hub)).toEqual([])
    expect(await hashesIn(pulled.stdout.trim())).toEqual(await hashesOf(weights))
    const blobs = join(world.cache, 'models--org--two/blobs')
    for (const name of await readdir(blobs)) {
      expect(await readlink(join(blobs, name))).toMatch(/^\.\.\/\.\.\/blobs\/[0-9a-f]{2}\//)
    }
    expect(await sharedPayloads(world)).toEqual(payloads)
    expect(await python.scan()).toMatchObject({ warnings: [], incomplete: [] })
    const verified = await python.hf('cache', 'verify', 'org/two')
    expect(verified.exitCode, verified.stdout + verified.stderr).toBe(0)
    // The client's own bookkeeping keeps the payload as long as our repository needs it.
    const removed = await python.hf('cache', 'rm', 'model/org/one', '--yes')
    expect(removed.exitCode, removed.stderr).toBe(0)
    const pruned = await python.hf('cache', 'prune', '--yes')
    expect(pruned.exitCode, pruned.stderr).toBe(0)
    const snapshot = join(world.cache, 'models--org--two/snapshots', commit)
    expect(await hashesIn(snapshot)).toEqual(await hashesOf(weights))
  })

  test('Windlass fetches only what a partial download lacks', async (context) => {
    await using world = await openWorld()
    await addRealisticRepos(world.hub)
    const python = pythonClient(context, world, tool)
    await python.snapshots([{ repo_id: 'org/real', allow_patterns: ['*-of-00002.safetensors'] }])
    world.hub.clearLog()
    const pulled = await world.run(['pull', 'org/real'])
    expect(pulled.exitCode, pulled.stderr).toBe(0)
    expect(await hashesIn(pulled.stdout.trim())).toEqual(await hashesOf(REALISTIC_FILES))
    expect(fileRequests(world.hub).filter((line) => /safetensors|same bytes/.test(line))).toEqual(
      [],
    )
    const verified = await python.hf('cache', 'verify', 'org/real', '--fail-on-missing-files')
    expect(verified.exitCode, verified.stdout + verified.stderr).toBe(0)
  })
})

interface Payload {
  readonly name: string
  readonly mode: number
  readonly inode: number
  readonly modifiedMs: number
}

/** What the client keeps once for all repositories; a changed one differs here. */
async function sharedPayloads({ cache }: World): Promise<Payload[]> {
  const store = join(cache, 'blobs')
  const names = (await readdir(cache)).includes('blobs')
    ? await readdir(store, { recursive: true })
    : []
  const payloads = names.filter((name) => /^[0-9a-f]{2}\/[0-9a-f]{64}$/.test(name)).toSorted()
  return Promise.all(
    payloads.map(async (name) => {
      const { mode, ino, mtimeMs } = await lstat(join(store, name))
      return { name, mode: mode & 0o777, inode: ino, modifiedMs: mtimeMs }
    }),
  )
}
