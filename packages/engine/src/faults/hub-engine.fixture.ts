import type { Download, DownloadState } from '@windlass/contract'
import {
  type FakeHub,
  type FakeHubOptions,
  startFakeHub,
  type TempDir,
  tempDir,
} from '@windlass/testkit'
import type { Engine, EngineOptions } from '../engine.ts'
import { type EngineParts, openEngine } from '../open-engine.ts'
import type { EnginePorts } from '../ports.ts'
import { type Clock, systemClock } from '../runtime/clock.ts'
import { readHubEnvironment } from '../sources/huggingface/hub-environment.ts'
import { OWN_MACHINE } from '../testing/own-machine.ts'
import { LIMITS, testPorts } from './engine-options.fixture.ts'

export interface HubWorldOptions {
  readonly hub?: FakeHubOptions
  /** What the Hub's variables say beside the endpoint and the home. */
  readonly environment?: Readonly<Record<string, string>>
  /** Where the engine looks for the Hub; at the Hub itself unless given. */
  readonly endpoint?: (hub: FakeHub) => string
}

/** A fake Hub, and a place for a home and a cache. Ends every engine that was opened over it. */
export interface HubWorld extends AsyncDisposable {
  readonly hub: FakeHub
  readonly dir: TempDir
  /** `HF_HOME`. */
  readonly hfHome: string
  /** Root of the Hub's cache. */
  readonly cache: string
  open(options?: Partial<EngineOptions>, parts?: EngineParts): Promise<Engine>
}

export async function openHubWorld(options: HubWorldOptions = {}): Promise<HubWorld> {
  const hub = await startFakeHub(options.hub)
  const dir = await tempDir()
  const hfHome = dir.join('hf')
  const endpoint = options.endpoint?.(hub) ?? hub.endpoint
  const environment = { HF_ENDPOINT: endpoint, HF_HOME: hfHome, ...options.environment }
  const settings = readHubEnvironment(environment, dir.path)
  const engines: Engine[] = []
  return {
    hub,
    dir,
    hfHome,
    cache: settings.cacheDir,
    async open(changes = {}, parts = {}) {
      const given = {
        home: dir.join('home'),
        limits: LIMITS,
        reserve: { share: 0, minBytes: 0 },
        hub: settings,
        userAgent: 'windlass/test',
        proxy: {},
        allowedHosts: OWN_MACHINE,
        ports: testPorts(),
        ...changes,
      }
      const engine = await openEngine(given, parts)
      engines.push(engine)
      return engine
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(engines.map((engine) => engine.close()))
      await hub.close()
      await dir.remove()
    },
  }
}

export interface HubEngineOptions extends HubWorldOptions {
  readonly engine?: Partial<EngineOptions>
  readonly clock?: Clock
}

/** A fake Hub and one engine that fetches from it. */
export interface HubEngine extends HubWorld {
  readonly engine: Engine
  /** Every line that was logged: its facts and its message. */
  readonly logged: readonly unknown[]
  /** Waits, on events alone, until the download is in one of the states. */
  reaches(id: string, ...states: readonly DownloadState[]): Promise<Download>
  /** Pulls to the first state that does not go on by itself at once. */
  pullOnce(ref: string): Promise<Download>
}

export async function openHubEngine(options: HubEngineOptions = {}): Promise<HubEngine> {
  const world = await openHubWorld(options)
  const logged: unknown[] = []
  const note = (...line: unknown[]): void => void logged.push(line)
  const log: EnginePorts['log'] = { debug: note, info: note, warn: note, error: note }
  const ports = testPorts({ clock: options.clock ?? systemClock, log })
  const engine = await world.open({ ports, ...options.engine })
  return {
    ...world,
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
    engine,
    logged,
    reaches: (id, ...states) => reaches(engine, id, ...states),
    async pullOnce(ref) {
      const { download } = await engine.downloads.create({ ref })
      return await reaches(engine, download.id, 'completed', 'failed', 'blocked', 'waiting')
    },
  }
}

/** Waits, on events alone, until the download is in one of the states. */
export async function reaches(
  engine: Engine,
  id: string,
  ...states: readonly DownloadState[]
): Promise<Download> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const off = engine.events.subscribe((event) => {
    if (event.type !== 'download.state-changed' || event.data.id !== id) return
    if (states.includes(event.data.to)) resolve()
  })
  if (states.includes((await engine.downloads.find(id)).state)) resolve()
  await promise
  off()
  return await engine.downloads.find(id)
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
