import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { type Client, createClient } from '@windlass/client'
import {
  type FakeHub,
  type FakeHubOptions,
  hubClientEnv,
  startFakeHub,
  type TempDir,
  tempDir,
} from '@windlass/testkit'
import { until } from './until.ts'
import {
  type Ended,
  type StartOptions,
  startWindlass,
  type WindlassProcess,
} from './windlass-process.ts'

export interface RunWindlassOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly deadlineMs?: number
  /** Name of the home in this world; `home` by default. */
  readonly home?: string
  readonly prefix?: StartOptions['prefix']
}

export interface WorldOptions extends FakeHubOptions {
  /** Where home and cache are; a new folder for temporary files when absent. */
  readonly dir?: TempDir
}

/** A `windlass serve` with a client of its API. */
export interface Served extends WindlassProcess {
  readonly client: Client
  readonly url: string
}

/** A fake Hub, an empty home and an empty cache for one test. */
export interface World extends AsyncDisposable {
  readonly dir: TempDir
  readonly hub: FakeHub
  /** `HF_HOME`. */
  readonly hfHome: string
  /** The Hub cache inside it. */
  readonly cache: string
  /** Path of a home. */
  home(name?: string): string
  /** What the program is started with: this world, and nothing of the caller's. */
  environment(options?: RunWindlassOptions): Record<string, string>
  /** Starts the program; it is killed at the end of the test at the latest. */
  start(args: readonly string[], options?: RunWindlassOptions): WindlassProcess
  /** Runs the program to its end. */
  run(args: readonly string[], options?: RunWindlassOptions): Promise<Ended>
  /** Starts `serve` on a free port and waits until it answers. */
  serve(options?: RunWindlassOptions): Promise<Served>
  /** Waits until a `serve` that was started answers. */
  ready(started: WindlassProcess, options?: RunWindlassOptions): Promise<Served>
}

const DEADLINE_MS = 60_000

/** Opens a world; `await using` kills what runs in it and removes it. */
export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const dir = options.dir ?? (await tempDir('windlass-e2e-'))
  const hub = await startFakeHub(options)
  const hfHome = dir.join('hf')
  const processes: WindlassProcess[] = []
  const home = (name = 'home'): string => dir.join(name)

  const environment: World['environment'] = (run = {}) => ({
    ...systemEnvironment(),
    ...hubClientEnv(hub.endpoint, hfHome),
    HOME: dir.path,
    WINDLASS_HOME: home(run.home),
    // The fake CDN is on this machine, where a redirect may not lead otherwise.
    WINDLASS_ALLOW_HOSTS: 'localhost:*',
    // What the disk of the machine has free is not the matter here.
    WINDLASS_RESERVE: '1M',
    ...run.env,
  })

  const start: World['start'] = (args, run = {}) => {
    const started = startWindlass({
      args,
      env: environment(run),
      deadlineMs: run.deadlineMs ?? DEADLINE_MS,
      ...(run.prefix === undefined ? {} : { prefix: run.prefix }),
    })
    processes.push(started)
    return started
  }

  return {
    dir,
    hub,
    hfHome,
    cache: dir.join('hf', 'hub'),
    home,
    environment,
    start,
    run: (args, run) => start(args, run).ended,
    serve: (run) => ready(start(['serve', '--port', '0'], run), home(run?.home)),
    ready: (started, run) => ready(started, home(run?.home)),
    async [Symbol.asyncDispose]() {
      for (const one of processes) if (one.isRunning) one.kill('SIGKILL')
      await Promise.allSettled(processes.map(({ ended }) => ended))
      await hub.close()
      await dir.remove()
    },
  }
}

async function ready(started: WindlassProcess, home: string): Promise<Served> {
  const url = await until(
    async () => {
      assert(started.isRunning, `serve ended: ${started.stderr}`)
      const owner = await readOwner(home)
      return owner?.pid === started.pid ? owner.url : undefined
    },
    { what: 'serve is ready' },
  )
  const token = (await readFile(`${home}/token`, 'utf8')).trim()
  const client = createClient({ baseUrl: url, token, fetch })
  return Object.create(started, { client: { value: client }, url: { value: url } })
}

async function readOwner(home: string): Promise<{ pid: number; url: string } | undefined> {
  try {
    return JSON.parse(await readFile(`${home}/owner.json`, 'utf8'))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** Nothing of the caller's tokens, caches or proxies reaches the program. */
function systemEnvironment(): Record<string, string> {
  return Object.fromEntries(
    ['PATH', 'LANG', 'TMPDIR', 'USER'].flatMap((name) => {
      const value = process.env[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
}
