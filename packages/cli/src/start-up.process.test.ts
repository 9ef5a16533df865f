import { writeFile } from 'node:fs/promises'
import { startFakeHub, tempDir } from '@windlass/testkit'
import { expect, it } from 'vitest'
import { runWindlass } from './testing/start-windlass.ts'

/** Writes to stderr at the end what was loaded: packages by their folders, and Node's own parts. */
const TELL_LOADED = `
import { registerHooks } from 'node:module'
const loaded = new Set()
registerHooks({
  load(url, context, next) {
    loaded.add(url)
    return next(url, context)
  },
})
process.on('exit', () => {
  process.stderr.write(JSON.stringify([...loaded, ...process.moduleLoadList]))
})
`

it('loads no router, no HTTP client of the API and no second fetch for a lone pull', async () => {
  const dir = await tempDir()
  const hub = await startFakeHub()
  try {
    await hub.addRepo({ id: 'org/small', files: [{ path: 'config.json', content: '{}' }] })
    const hook = dir.join('tell-loaded.mjs')
    await writeFile(hook, TELL_LOADED)
    const env = { NODE_OPTIONS: `--import=${hook}` }
    const world = { dir, endpoint: hub.endpoint, env }
    const { code, stderr } = await runWindlass(world, ['pull', 'org/small', '--quiet'])
    expect(code).toBe(0)
    const loaded: unknown = JSON.parse(stderr)
    const found = (part: string) =>
      Array.isArray(loaded) ? loaded.filter((name: string) => name.includes(part)) : null
    // That the list is one: what a pull cannot do without is in it.
    expect(found('/engine/src/downloads/runner.ts')).toHaveLength(1)
    expect(found('/node_modules/fastify/')).toEqual([])
    expect(found('/server/src/routes/')).toEqual([])
    expect(found('internal/deps/undici/undici')).toEqual([])
    expect(found('/cli/src/commands/')).toHaveLength(1)
  } finally {
    await hub.close()
    await dir.remove()
  }
}, 60_000)
