import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { runProgram, sha256File, sha256OfRandomBytes, tempDir } from '@windlass/testkit'
import { expect, it } from 'vitest'
import type { Engine } from '../engine.ts'
import { openEngine } from '../open-engine.ts'
import { systemClock } from '../runtime/clock.ts'
import { readHubEnvironment } from '../sources/huggingface/hub-environment.ts'
import { createPlainSource } from '../testing/plain-source.ts'
import { type FarOrigin, startFarOrigin } from './far-origin.fixture.ts'
import { requireRoot } from './small-disk.fixture.ts'

const MB = 1_000_000
const CONTENT = { seed: 'far', sizeBytes: 15 * MB }
const OUTAGE_MS = 3_000

it('C10: goes on within 5 s after the network came back, without a busy wait while it was down', {
  timeout: 60_000,
}, async ({ skip }) => {
  const far = await startFarOrigin()
  if (typeof far === 'string') return skip(far)
  await using origin = far
  await using dir = await tempDir()
  const engine = await openHere(dir.path)
  try {
    await origin.control('rules', [{ do: { bytesPerSecond: 5 * MB } }])
    const { download } = await engine.downloads.create({
      ref: `plain:${origin.url}/f/far/15000000`,
    })
    await received(engine, 3 * MB)
    const usedBefore = process.cpuUsage()
    origin.setLink('down')
    await delay(OUTAGE_MS)
    const used = process.cpuUsage(usedBefore)
    const before = (await engine.downloads.find(download.id)).progress.receivedBytes
    origin.setLink('up')
    const backAt = performance.now()
    await received(engine, before + 1)
    expect(performance.now() - backAt).toBeLessThan(5_000)
    await completed(engine)
    await expectWhole(engine, download.id)
    expect((used.user + used.system) / 1000).toBeLessThan(OUTAGE_MS / 2)
    await expectResumed(origin, before)
  } finally {
    await engine.close()
  }
})

it('C10: goes on within 5 s after its own network was down, spins no processor and gives nothing up', {
  timeout: 120_000,
}, async (context) => {
  requireRoot(context)
  const main = fileURLToPath(new URL('./network-down-main.fixture.ts', import.meta.url))
  const downMs = 15_000
  const node = [process.execPath, '--conditions=windlass-source', main, String(downMs)]
  const { exitCode, stdout } = await runProgram('unshare', { args: ['--net', ...node] })
  expect(exitCode).toBe(0)
  const seen: Readonly<Record<string, unknown>> = JSON.parse(stdout)
  expect(seen).toMatchObject({ before: 'downloading', state: 'completed', isRight: true })
  expect(seen['backAfterMs']).toBeLessThan(5_000)
  expect(seen['cpuMs']).toBeLessThan(downMs / 4)
  expect(seen['told']).toContain('NET_DOWN')
  // What the host gave to a connection that broke is lost with it: less than a tenth of a second's worth.
  expect(seen['sentAgain']).toBeLessThanOrEqual(0.1 * MB)
})

async function expectWhole(engine: Engine, id: string): Promise<void> {
  const done = await engine.downloads.find(id)
  expect(done, done.reason?.message).toMatchObject({ state: 'completed' })
  const path = `${done.result?.path}/${CONTENT.sizeBytes}`
  expect(await sha256File(path)).toBe(await sha256OfRandomBytes(CONTENT))
}

/** The first request after the outage asked for what was missing, and for nothing before it. */
async function expectResumed(origin: FarOrigin, before: number): Promise<void> {
  const requests = (await origin.log()).filter(({ method }) => method === 'GET')
  const [, next] = requests
  expect(Number(/^bytes=(\d+)-/.exec(next?.range ?? '')?.[1])).toBeGreaterThanOrEqual(before)
}

function openHere(folder: string): Promise<Engine> {
  const quiet = { debug() {}, info() {}, warn() {}, error() {} }
  const digestOf = async () =>
    ({ algorithm: 'sha256', hex: await sha256OfRandomBytes(CONTENT) }) as const
  const options = {
    home: `${folder}/home`,
    limits: { maxActive: 1, maxQueued: 1, connections: 1, retries: 5, timeLimitMs: 60_000 },
    reserve: { share: 0, minBytes: 0 },
    hub: readHubEnvironment({ HF_HOME: `${folder}/hf` }, folder),
    userAgent: 'windlass/test',
    proxy: {},
    allowedHosts: [{ hostname: '10.213.7.2', port: 'any' as const }],
    ports: { clock: systemClock, log: quiet, random: () => 0.5, bootId: () => 'boot' },
  }
  return openEngine(options, {
    http: { timeouts: { connectMs: 1_000, headersMs: 1_000, bodyMs: 1_000 } },
    sources: (http) => [createPlainSource({ http, digestOf })],
  })
}

async function received(engine: Engine, bytes: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const off = engine.events.subscribe((event) => {
    if (event.type !== 'download.progressed') return
    if (event.data.progress.receivedBytes >= bytes) resolve()
  })
  await promise
  off()
}

async function completed(engine: Engine): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const off = engine.events.subscribe((event) => {
    if (event.type !== 'download.state-changed') return
    if (event.data.to === 'completed' || event.data.to === 'failed') resolve()
  })
  await promise
  off()
}
