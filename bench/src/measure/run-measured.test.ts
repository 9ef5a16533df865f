import { existsSync } from 'node:fs'
import { findTool, requireTool, tempDir } from '@windlass/testkit'
import { expect, test } from 'vitest'
import { type Command, runMeasured } from './run-measured.ts'

function node(script: string, cwd: string, options: Partial<Command> = {}): Command {
  const { signal } = new AbortController()
  const args = ['-e', script]
  return { program: process.execPath, args, env: {}, cwd, time: null, signal, ...options }
}

test('tells processor time and peak memory of a program', { timeout: 60_000 }, async (context) => {
  const time = requireTool(context, 'time')
  await using dir = await tempDir()
  const busy = `const kept = Buffer.alloc(150e6, 1)
const { createHash } = require('crypto')
const used = () => { const { user, system } = process.cpuUsage(); return user + system }
const end = used() + 3e5
while (used() < end) createHash('sha256').update(kept).digest()
console.log('done')`
  const run = await runMeasured(node(busy, dir.path, { time }))
  expect(run.stdout).toBe('done\n')
  expect(run.cpuSeconds).toBeGreaterThanOrEqual(0.3)
  expect(run.peakBytes).toBeGreaterThan(150e6)
  expect(run.wallSeconds).toBeGreaterThan(0.3)
})

test('a program that fails is no measurement', async () => {
  await using dir = await tempDir()
  const failing = node('console.error("no luck"); process.exit(3)', dir.path)
  await expect(runMeasured(failing)).rejects.toThrow(/ended with 3: no luck/)
})

test('shows the program nothing of our environment', async () => {
  await using dir = await tempDir()
  const run = await runMeasured(
    node('console.log(JSON.stringify(process.env))', dir.path, { env: { ONLY: '1' } }),
  )
  expect(JSON.parse(run.stdout)).toEqual({ ONLY: '1' })
})

test.for([null, findTool('time') ?? null])(
  'a stop ends the program, behind %s too',
  { timeout: 60_000 },
  async (time) => {
    await using dir = await tempDir()
    const stop = new AbortController()
    const script = `require('fs').writeFileSync('started', ''); setInterval(() => {}, 1000)`
    const running = runMeasured(node(script, dir.path, { time, signal: stop.signal }))
    await expect.poll(() => existsSync(dir.join('started')), { timeout: 30_000 }).toBe(true)
    stop.abort(new Error('enough'))
    // Its streams end with the program, so this would wait for ever if it lived on.
    await expect(running).rejects.toThrow('enough')
  },
)
