import { join } from 'node:path'
import type { Download, DownloadState, WindlassEvent } from '@windlass/contract'
import { type FakeHub, startFakeHub, type TempDir, tempDir } from '@windlass/testkit'
import type { Engine, EngineOptions } from '../engine.ts'
import { type EngineParts, openEngine } from '../open-engine.ts'
import { readHubEnvironment } from '../sources/huggingface/hub-environment.ts'
import { OWN_MACHINE } from '../testing/own-machine.ts'
import { LIMITS, testPorts } from './engine-options.fixture.ts'

export const MB = 1_000_000
export const REPO = 'org/model'
const FILE = 'model.bin'

/** A fake Hub with one large file, and a place for a home and a cache. */
export interface FaultWorld extends AsyncDisposable {
  readonly hub: FakeHub
  readonly dir: TempDir
  /** `HF_HOME`. */
  readonly hfHome: string
  readonly cache: string
  /** The repository's folder in the cache. */
  readonly repo: string
  readonly commit: string
  readonly sizeBytes: number
  /** Where the file is when it is complete. */
  readonly final: string
  open(options?: Partial<EngineOptions>, parts?: EngineParts): Promise<Engine>
  /** Ranges that the CDN was asked for, `[start, end)`, in order. */
  asked(): readonly (readonly [number, number])[]
  /** Body bytes that the CDN sent. */
  sent(): number
}

export interface FaultWorldOptions {
  readonly sizeBytes?: number
  readonly environment?: Readonly<Record<string, string>>
}

export async function openFaultWorld(options: FaultWorldOptions = {}): Promise<FaultWorld> {
  const sizeBytes = options.sizeBytes ?? 12 * MB
  const hub = await startFakeHub()
  const dir = await tempDir()
  const hfHome = dir.join('hf')
  const environment = { HF_ENDPOINT: hub.endpoint, HF_HOME: hfHome, ...options.environment }
  const settings = readHubEnvironment(environment, dir.path)
  const { commit } = await hub.addRepo({
    id: REPO,
    files: [{ path: FILE, content: { seed: 'weights', sizeBytes } }],
  })
  const repo = join(settings.cacheDir, 'models--org--model')
  const engines: Engine[] = []
  return {
    hub,
    dir,
    hfHome,
    cache: settings.cacheDir,
    repo,
    commit,
    sizeBytes,
    final: join(repo, 'snapshots', commit, FILE),
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
    asked: () => cdnRequests(hub).map(({ range }) => rangeOf(range)),
    sent: () => cdnRequests(hub).reduce((sum, { bytesSent }) => sum + bytesSent, 0),
    async [Symbol.asyncDispose]() {
      await Promise.all(engines.map((engine) => engine.close()))
      await hub.close()
      await dir.remove()
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

/** Waits until the download neither runs nor is about to. */
export function comesToRest(engine: Engine, id: string): Promise<Download> {
  return reaches(engine, id, 'completed', 'failed', 'blocked', 'cancelled', 'paused')
}

/** Waits for a sample that shows at least so many bytes. */
export async function receives(engine: Engine, id: string, bytes: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const off = engine.events.subscribe((event) => {
    if (event.type !== 'download.progressed' || event.data.id !== id) return
    if (event.data.progress.receivedBytes >= bytes) resolve()
  })
  await promise
  off()
}

/** The codes of what people are told from now on while it goes on by itself. */
export function noticed(engine: Engine): readonly string[] {
  const codes: string[] = []
  engine.events.subscribe((event: WindlassEvent) => {
    if (event.type === 'download.noticed') codes.push(event.data.code)
  })
  return codes
}

function cdnRequests(hub: FakeHub) {
  return hub.log.filter(({ role }) => role === 'cdn')
}

function rangeOf(header: string | undefined): readonly [number, number] {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(header ?? '') ?? []
  if (first === undefined) return [0, Number.POSITIVE_INFINITY]
  return [Number(first), last === '' ? Number.POSITIVE_INFINITY : Number(last) + 1]
}
