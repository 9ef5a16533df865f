import type { Download } from '@windlass/contract'
import {
  type FakeHub,
  type FakeHubOptions,
  startFakeHub,
  type TempDir,
  tempDir,
} from '@windlass/testkit'
import type { Engine, EngineOptions } from '../engine.ts'
import { openEngine } from '../open-engine.ts'
import type { Logger } from '../ports.ts'
import { type Clock, systemClock } from '../runtime/clock.ts'
import { readHubEnvironment } from '../sources/huggingface/hub-environment.ts'

const QUIET: Logger = { debug() {}, info() {}, warn() {}, error() {} }
export const LIMITS: EngineOptions['limits'] = {
  maxActive: 3,
  maxQueued: 100,
  connections: 8,
  retries: 5,
  timeLimitMs: 24 * 3600_000,
}

export interface HubEngineOptions {
  readonly hub?: FakeHubOptions
  readonly engine?: Partial<EngineOptions>
  readonly clock?: Clock
  readonly endpoint?: (hub: FakeHub) => string
}

/** A fake Hub and an engine that fetches from it. */
export interface HubEngine extends AsyncDisposable {
  readonly hub: FakeHub
  readonly engine: Engine
  readonly dir: TempDir
  /** Root of the Hub's cache. */
  readonly cache: string
  /** Waits, on events alone, until the download is in one of the states. */
  reaches(id: string, ...states: Download['state'][]): Promise<Download>
}

export async function openHubEngine(options: HubEngineOptions = {}): Promise<HubEngine> {
  const hub = await startFakeHub(options.hub)
  const dir = await tempDir()
  const endpoint = options.endpoint?.(hub) ?? hub.endpoint
  const environment = readHubEnvironment(
    { HF_ENDPOINT: endpoint, HF_HOME: dir.join('hf') },
    dir.path,
  )
  const clock = options.clock ?? systemClock
  const engine = await openEngine({
    home: dir.join('home'),
    limits: LIMITS,
    reserve: { share: 0, minBytes: 0 },
    hub: environment,
    userAgent: 'windlass/test',
    proxy: {},
    allowedHosts: [{ hostname: 'localhost', port: 'any' }],
    ports: { clock, log: QUIET, random: Math.random, bootId: () => 'boot' },
    ...options.engine,
  })
  return {
    hub,
    engine,
    dir,
    cache: environment.cacheDir,
    async reaches(id, ...states) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const off = engine.events.subscribe((event) => {
        if (event.type !== 'download.state-changed' || event.data.id !== id) return
        if (states.includes(event.data.to)) resolve()
      })
      const before = await engine.downloads.find(id)
      if (states.includes(before.state)) resolve()
      await promise
      off()
      return await engine.downloads.find(id)
    },
    async [Symbol.asyncDispose]() {
      await engine.close()
      await hub.close()
      await dir.remove()
    },
  }
}

/** A clock on which everything passes so many times as fast: rests of seconds end in moments. */
export function fastClock(factor: number): Clock {
  const wallStart = systemClock.now()
  const start = systemClock.monotonicMs()
  const monotonicMs = (): number => (systemClock.monotonicMs() - start) * factor
  return {
    now: () => Math.floor(wallStart + monotonicMs()),
    monotonicMs,
    sleep: (ms, { signal }) => systemClock.sleep(ms / factor, { signal }),
    every: (ms, tick) => systemClock.every(ms / factor, tick),
  }
}
