import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { hashesIn, hashesOf } from './support/cache-state.ts'
import { openWorld, type World } from './support/world.ts'

const FILES = [
  { path: 'config.json', content: '{}' },
  { path: 'model.safetensors', content: { seed: 'readme', sizeBytes: 3_000_000 } },
]

/** The program as the README has it, so that what is run here is what people copy. */
async function example(name: string): Promise<string> {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8')
  const file = new URL(`examples/${name}`, import.meta.url)
  expect(readme).toContain(`\`\`\`ts\n${await readFile(file, 'utf8')}\`\`\`\n`)
  return fileURLToPath(file)
}

/** Runs an example in a folder of its own, on its last line of stdout. */
async function run(world: World, name: string, env: Record<string, string> = {}) {
  const args = ['--conditions=windlass-source', await example(name)]
  return await promisify(execFile)(process.execPath, args, {
    cwd: world.dir.path,
    env: { ...world.environment(), ...env },
  })
}

const lastWord = (stdout: string): string => stdout.trim().split(/\s/).at(-1) ?? ''

test('the engine pulls in ten lines, as the README says', async () => {
  await using world = await openWorld()
  await world.hub.addRepo({ id: 'Qwen/Qwen3-0.6B', files: FILES })
  const { stdout } = await run(world, 'engine.ts')
  expect(stdout).toMatch(/^100 \d+$/m)
  expect(await hashesIn(lastWord(stdout))).toEqual(await hashesOf(FILES))
})

test('the engine plans, lists and cancels, as the README says', async () => {
  await using world = await openWorld()
  await world.hub.addRepo({ id: 'Qwen/Qwen3-0.6B', files: FILES })
  world.hub.setCdnRate(100_000)
  const { stdout } = await run(world, 'engine-control.ts')
  expect(stdout).toMatch(/^\w{10} Qwen\/Qwen3-0\.6B (queued|resolving|downloading) /)
})

test('the client downloads and follows, as the README says', async () => {
  await using world = await openWorld()
  await world.hub.addRepo({ id: 'Qwen/Qwen3-0.6B', files: FILES })
  const served = await world.serve()
  const env = {
    WINDLASS_SERVER: served.url,
    WINDLASS_TOKEN: (await readFile(`${world.home()}/token`, 'utf8')).trim(),
  }
  const followed = await run(world, 'client-follow.ts', env)
  expect(followed.stdout).toMatch(/^completed 2 /m)
  const { stdout } = await run(world, 'client.ts', env)
  expect(stdout).toMatch(/^completed 100 /m)
  expect(await hashesIn(lastWord(stdout))).toEqual(await hashesOf(FILES))
  const wrong = await run(world, 'client.ts', { ...env, WINDLASS_TOKEN: 'wrong' })
  expect(wrong.stderr).toMatch(/^AUTH_REQUIRED /)
})
