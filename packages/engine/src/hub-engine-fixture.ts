import type { Download } from '@windlass/contract'
import { type FakeHub, startFakeHub, type TempDir, tempDir } from '@windlass/testkit'
import type { Engine, EngineOptions } from './engine.ts'
import { openEngine } from './open-engine.ts'
import { systemClock } from './runtime/clock.ts'
import { readHubEnvironment } from './sources/huggingface/hub-environment.ts'

/** A fake Hub, and an engine that pulls from it into a cache of its own. */
export interface HubEngine extends AsyncDisposable {
  readonly hub: FakeHub
  readonly dir: TempDir
  readonly engine: Engine
  /** Every line that was logged: its facts and its message. */
  readonly logged: readonly unknown[]
  /** Pulls to the first state that does not go on by itself at once. */
  pull(ref: string): Promise<Download>
}

const OVER: readonly string[] = ['completed', 'failed', 'blocked', 'waiting']

export async function openHubEngine(
  options: Partial<EngineOptions> = {},
  env: Readonly<Record<string, string>> = {},
): Promise<HubEngine> {
  const hub = await startFakeHub()
  const dir = await tempDir()
  const logged: unknown[] = []
  const note = (...line: unknown[]): void => void logged.push(line)
  const engine = await openEngine({
    home: dir.join('home'),
    limits: { maxActive: 1, maxQueued: 9, connections: 2, retries: 1, timeLimitMs: 60_000 },
    reserve: { share: 0, minBytes: 0 },
    hub: readHubEnvironment(
      { HF_ENDPOINT: hub.endpoint, HF_HOME: dir.join('hf'), ...env },
      dir.path,
    ),
    userAgent: 'test',
    proxy: {},
    // The CDN of the fake Hub.
    allowedHosts: [{ hostname: 'localhost', port: 'any' }],
    ports: {
      clock: systemClock,
      log: { debug: note, info: note, warn: note, error: note },
      random: Math.random,
      bootId: () => 'boot',
    },
    ...options,
  })
  return {
    hub,
    dir,
    engine,
    logged,
    async pull(ref) {
      const { download } = await engine.downloads.create({ ref })
      const { promise, resolve } = Promise.withResolvers<void>()
      const off = engine.events.subscribe((event) => {
        if (event.type === 'download.state-changed' && OVER.includes(event.data.to)) resolve()
      })
      if (OVER.includes((await engine.downloads.find(download.id)).state)) resolve()
      await promise
      off()
      return await engine.downloads.find(download.id)
    },
    async [Symbol.asyncDispose]() {
      await engine.close()
      await hub.close()
      await dir.remove()
    },
  }
}
