import { type ChildProcess, spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const SCRIPTS = fileURLToPath(new URL('..', import.meta.url))

/** What a program that ran to its end left behind. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface FakeCheckoutOptions {
  /** Lowest Node that the checkout accepts. */
  readonly floor?: string
  /** Packages from the registry, as the lock file holds them. */
  readonly locked?: Readonly<Record<string, object>>
  /** Manifests of further workspaces below packages/, by folder, which is also their name. */
  readonly workspaces?: Readonly<Record<string, object>>
}

/** Says on stdout what it was started with, or waits for a signal when told to. */
const MAIN = `
import { basename } from 'node:path'
const [verb, ...rest] = process.argv.slice(2)
const facts = { verb, rest, pid: process.pid, cwd: process.cwd(), node: process.execPath, conditions: process.execArgv }
const answer: string = JSON.stringify(facts)
console.log(answer)
if (verb === 'exit') process.exit(Number(rest[0]))
if (verb === 'wait' || rest[0] === 'wait') {
  let count = 0
  const idle = setInterval(() => {}, 1000)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      count += 1
      // Time for a second delivery to arrive, were there one.
      setTimeout(() => { console.log(signal + ' x' + count); clearInterval(idle); process.exit(7) }, 300)
    })
  }
  console.log('waiting')
}
`

/** A small checkout with the real launcher in it, whose packages come without a network. */
export class FakeCheckout {
  readonly root: string
  readonly #base: string
  readonly #groups = new Map<ChildProcess, number>()

  private constructor(base: string) {
    this.#base = base
    this.root = join(base, 'check out')
  }

  static async create(options: FakeCheckoutOptions = {}): Promise<FakeCheckout> {
    const checkout = new FakeCheckout(await mkdtemp(join(tmpdir(), 'windlass-launch-')))
    await mkdir(join(checkout.#base, 'home'))
    await mkdir(checkout.root)
    await cp(join(SCRIPTS, 'launch.mjs'), join(checkout.root, 'scripts/launch.mjs'))
    await cp(join(SCRIPTS, 'launch'), join(checkout.root, 'scripts/launch'), {
      recursive: true,
      filter: (path) => !path.endsWith('.ts'),
    })
    await cp(join(SCRIPTS, '../windlass'), join(checkout.root, 'windlass'))
    await checkout.write('packages/cli/src/main.ts', MAIN)
    await checkout.write('vendor/vitest/vitest.mjs', 'console.log(process.argv.slice(2).join(" "))')
    await checkout.writeJson('vendor/vitest/package.json', { name: 'vitest', version: '1.0.0' })
    await checkout.#writeManifests(options)
    return checkout
  }

  async #writeManifests({ floor = '18', locked = {}, workspaces = {} }: FakeCheckoutOptions) {
    const members = Object.entries({ cli: {}, ...workspaces }).map(([name, manifest]) => ({
      name,
      folder: `packages/${name}`,
      manifest: { name, version: '1.0.0', type: 'module', ...manifest },
    }))
    for (const { folder, manifest } of members) {
      await this.writeJson(`${folder}/package.json`, manifest)
    }
    const root = {
      name: 'fake',
      workspaces: ['packages/*'],
      devDependencies: { vitest: 'file:vendor/vitest' },
      dependencies: Object.fromEntries(Object.keys(locked).map((name) => [name, '1.0.0'])),
    }
    await this.writeJson('package.json', {
      ...root,
      private: true,
      type: 'module',
      engines: { node: `>=${floor}` },
      scripts: { start: 'node scripts/launch.mjs serve' },
    })
    const packages = Object.fromEntries([
      ['', root],
      ['node_modules/vitest', { resolved: 'vendor/vitest', link: true }],
      ['vendor/vitest', { version: '1.0.0', dev: true }],
      ...Object.entries(locked).map(([name, entry]) => [`node_modules/${name}`, entry]),
      ...members.flatMap(({ name, folder, manifest }) => [
        [`node_modules/${name}`, { resolved: folder, link: true }],
        [folder, manifest],
      ]),
    ])
    const lock = { name: 'fake', lockfileVersion: 3, requires: true, packages }
    await this.writeJson('package-lock.json', lock)
  }

  path(name: string): string {
    return join(this.root, name)
  }

  async read(name: string): Promise<string> {
    return readFile(this.path(name), 'utf8')
  }

  async write(name: string, text: string): Promise<void> {
    await mkdir(dirname(this.path(name)), { recursive: true })
    await writeFile(this.path(name), text)
  }

  async writeJson(name: string, value: unknown): Promise<void> {
    await this.write(name, JSON.stringify(value))
  }

  /** Starts a program in an environment of its own, where no registry answers unless `env` says so. */
  start(command: string, args: readonly string[], options: StartOptions = {}): ChildProcess {
    const child = spawn(command, args, {
      cwd: options.cwd ?? this.root,
      detached: options.detached ?? false,
      env: {
        PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
        HOME: join(this.#base, 'home'),
        npm_config_cache: join(this.#base, 'npm-cache'),
        npm_config_registry: 'http://127.0.0.1:9',
        npm_config_fetch_retries: '0',
        ...options.env,
      },
    })
    if (options.detached && child.pid !== undefined) this.#groups.set(child, child.pid)
    return child
  }

  /** Runs the launcher to its end. */
  launch(args: readonly string[], options: StartOptions = {}): Promise<Ended> {
    return ended(this.start(process.execPath, [this.path('scripts/launch.mjs'), ...args], options))
  }

  /** Ends what a failing test left running, and removes the checkout. */
  remove(): Promise<void> {
    for (const [child, group] of this.#groups) {
      if (child.exitCode === null && child.signalCode === null) process.kill(-group, 'SIGKILL')
    }
    return rm(this.#base, { recursive: true })
  }
}

export interface StartOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** In a session of its own, out of reach of any terminal. */
  readonly detached?: boolean
}

/** Waits for a program to end. */
export function ended(child: ChildProcess): Promise<Ended> {
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
    })
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, ...output }))
  })
}
