import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { Engine } from '../engine.ts'
import { LIMITS } from '../faults/engine-options.fixture.ts'
import { type HubEngine, openHubEngine } from '../faults/hub-engine.fixture.ts'
import { openEngine } from '../open-engine.ts'
import { systemClock } from '../runtime/clock.ts'
import { readHubEnvironment } from '../sources/huggingface/hub-environment.ts'

const MB = 1_000_000
const QUIET = { debug() {}, info() {}, warn() {}, error() {} }

/** Another home over the same cache. */
function openHome(w: HubEngine, name: string): Promise<Engine> {
  return openEngine({
    home: w.dir.join(name),
    limits: { ...LIMITS, connections: 1 },
    reserve: { share: 0, minBytes: 0 },
    hub: readHubEnvironment({ HF_ENDPOINT: w.hub.endpoint, HF_HOME: w.dir.join('hf') }, w.dir.path),
    userAgent: 'windlass/test',
    proxy: {},
    allowedHosts: [{ hostname: 'localhost', port: 'any' }],
    ports: { clock: systemClock, log: QUIET, random: Math.random, bootId: () => 'boot' },
  })
}

async function begin(engine: Engine): Promise<string> {
  const { download } = await engine.downloads.create({ ref: 'org/a' })
  const { promise, resolve } = Promise.withResolvers<void>()
  const off = engine.events.subscribe((event) => {
    if (event.type === 'download.progressed' && event.data.progress.receivedBytes > MB) resolve()
  })
  await promise
  off()
  return download.id
}

it('removes at its start what a lost database left, and nothing of a home beside it', {
  timeout: 30_000,
}, async () => {
  await using w = await openHubEngine()
  await w.hub.addRepo({
    id: 'org/a',
    files: [{ path: 'a.safetensors', content: { seed: 'a', sizeBytes: 20 * MB } }],
  })
  w.hub.setCdnRate(4 * MB)
  const staging = join(w.cache, 'models--org--a/.windlass')
  const lost = await openHome(w, 'lost')
  const lostId = await begin(lost)
  await lost.close()
  const living = await openHome(w, 'living')
  const livingId = await begin(living)
  try {
    // With its database the home goes on where it stood.
    const still = await openHome(w, 'lost')
    expect(new Set(await readdir(staging))).toEqual(new Set([livingId, lostId]))
    await still.downloads.pause(lostId)
    await still.close()
    for (const end of ['', '-wal', '-shm']) {
      await rm(join(w.dir.join('lost'), `windlass.db${end}`), { force: true })
    }
    const fresh = await openHome(w, 'lost')
    expect(await readdir(staging)).toEqual([livingId])
    await fresh.close()
    // The other one never noticed.
    w.hub.setCdnRate(undefined)
    const { promise, resolve } = Promise.withResolvers<void>()
    living.events.subscribe((event) => {
      if (event.type === 'download.state-changed' && event.data.to === 'completed') resolve()
    })
    if ((await living.downloads.find(livingId)).state !== 'completed') await promise
    expect(await living.downloads.find(livingId)).toMatchObject({ result: { verified: true } })
  } finally {
    await living.close()
  }
})
