import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { FaultRule, HubFileSpec } from '@windlass/testkit'
import { expect, test } from 'vitest'
import { hashesIn, hashesOf, leftovers, wrongBlobs } from './support/cache-state.ts'
import { openWorld } from './support/world.ts'

const MB = 1_000_000
const WEIGHTS = {
  path: 'sub/model file.safetensors',
  content: { seed: 'weights', sizeBytes: 3 * MB },
}
const FILES: readonly HubFileSpec[] = [
  { path: 'README.md', content: '# fine\n' },
  { path: 'config.json', content: '{"a": 1}\n' },
  WEIGHTS,
]
const ofConfig = { role: 'hub', path: /resolve-cache.*config\.json/ } as const
const ofWeights = { role: 'cdn' } as const

interface Corruption {
  readonly name: string
  readonly path: string
  readonly rules: readonly FaultRule[]
}

const LASTING: readonly Corruption[] = [
  {
    name: 'one flipped bit in the weights',
    path: WEIGHTS.path,
    rules: [{ match: ofWeights, do: { flipBitAt: 2_345_678 } }],
  },
  {
    name: 'one flipped bit in a small file',
    path: 'config.json',
    rules: [{ match: ofConfig, do: { flipBitAt: 3 } }],
  },
  {
    name: 'other content of the same size',
    path: WEIGHTS.path,
    rules: [{ match: ofWeights, do: { serveOther: 'other' } }],
  },
  {
    name: 'a body that always ends before the last byte',
    path: WEIGHTS.path,
    rules: [
      { match: { ...ofWeights, rangeFromAtLeast: MB }, do: { truncateClean: 0 } },
      { match: ofWeights, do: { truncateClean: MB } },
    ],
  },
  {
    name: 'a small file that is cut short as if that were all',
    path: 'config.json',
    rules: [
      { match: { ...ofConfig, rangeFromAtLeast: 1 }, do: { truncateClean: 0 } },
      { match: ofConfig, do: { truncateClean: 4 } },
    ],
  },
  {
    name: 'content that changes in the middle of the file',
    path: WEIGHTS.path,
    rules: [
      { match: { ...ofWeights, nth: 1 }, do: { cutAt: MB } },
      { match: ofWeights, do: { serveOther: 'other' } },
    ],
  },
]

test.for(LASTING)(
  '$name never becomes a file, and the message names it',
  async ({ path, rules }) => {
    await using world = await openWorld()
    const { commit } = await world.hub.addRepo({ id: 'org/bad', files: FILES })
    for (const rule of rules) world.hub.fault(rule)
    const pulled = await world.run(['pull', 'org/bad'], { env: { WINDLASS_RETRIES: '2' } })
    expect(pulled.exitCode, pulled.stderr).toBe(1)
    expect(pulled.stderr).toContain(path)
    expect(pulled.stdout).toBe('')
    const repo = join(world.cache, 'models--org--bad')
    await expect(stat(join(repo, 'snapshots', commit, path))).rejects.toMatchObject({
      code: 'ENOENT',
    })
    expect(await wrongBlobs(repo)).toEqual([])
    expect(await readdir(repo)).not.toContain('refs')

    world.hub.clearFaults()
    const mended = await world.run(['pull', 'org/bad'])
    expect(mended.exitCode, mended.stderr).toBe(0)
    expect(await hashesIn(mended.stdout.trim())).toEqual(await hashesOf(FILES))
    expect(await leftovers(world.cache)).toEqual([])
  },
)

const PASSING: readonly Omit<Corruption, 'path'>[] = [
  { name: 'a flipped bit', rules: [{ match: { ...ofWeights, times: 1 }, do: { flipBitAt: 7 } }] },
  {
    name: 'other content',
    rules: [{ match: { ...ofWeights, times: 1 }, do: { serveOther: 'o' } }],
  },
  { name: 'a cut body', rules: [{ match: { ...ofWeights, times: 1 }, do: { cutAt: MB } }] },
  {
    name: 'a body that ends early',
    rules: [{ match: { ...ofWeights, times: 1 }, do: { truncateClean: MB } }],
  },
]

test.for(PASSING)('$name that comes once is mended without a person', async ({ rules }) => {
  await using world = await openWorld()
  await world.hub.addRepo({ id: 'org/once', files: FILES })
  const faults = rules.map((rule) => world.hub.fault(rule))
  const pulled = await world.run(['pull', 'org/once'])
  expect(pulled.exitCode, pulled.stderr).toBe(0)
  expect(faults.map(({ hits }) => hits)).toEqual([1])
  expect(await hashesIn(pulled.stdout.trim())).toEqual(await hashesOf(FILES))
})
