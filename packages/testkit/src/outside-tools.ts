import { execFile } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

/**
 * Programs that are not part of Windlass and against which it is measured: two versions of the
 * real Hugging Face client (as Python interpreters that have it), and what Debian packages.
 */
export type OutsideTool =
  | 'huggingface-hub-1'
  | 'huggingface-hub-2'
  | 'flock'
  | 'curl'
  | 'tmux'
  | 'strace'
  | 'aria2c'
  | 'time'

/** The part of a Vitest test context that can skip the test. */
export interface SkippableContext {
  skip(note?: string): never
}

const CHECKOUT = join(import.meta.dirname, '..', '..', '..')

/** Where the tool is, or `undefined`. */
export function findTool(name: OutsideTool): string | undefined {
  if (name === 'huggingface-hub-1' || name === 'huggingface-hub-2') {
    const python = join(CHECKOUT, '.outside', name, 'bin', 'python')
    return isExecutable(python) ? python : undefined
  }
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

/**
 * Where the tool is. Without it the test is skipped with the reason, or fails when
 * `WINDLASS_TEST_REQUIRE=all` says that nothing may be skipped.
 */
export function requireTool(context: SkippableContext, name: OutsideTool): string {
  const path = findTool(name)
  if (path !== undefined) return path
  const reason = name.startsWith('huggingface-hub')
    ? `${name} is not set up here: run scripts/provision-outside.sh`
    : `${name} is not installed here`
  if (process.env['WINDLASS_TEST_REQUIRE'] === 'all') throw new Error(reason)
  return context.skip(reason)
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly args?: readonly string[]
  readonly cwd?: string
  readonly timeoutMs?: number
}

/** What a program did. A program that was killed by a signal has the exit code `null`. */
export interface RunResult {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

const MAX_OUTPUT_BYTES = 16 * 1024 * 1024
const run = promisify(execFile)

/** Runs a program to its end; an exit code other than 0 is a result, not an error. */
export async function runProgram(program: string, options: RunOptions = {}): Promise<RunResult> {
  const child = run(program, [...(options.args ?? [])], {
    env: { ...essentialEnvironment(), ...options.env },
    maxBuffer: MAX_OUTPUT_BYTES,
    timeout: options.timeoutMs ?? 120_000,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  })
  try {
    return { exitCode: 0, ...(await child) }
  } catch (error) {
    if (!isFinishedChild(error)) throw error
    return { exitCode: error.code, stdout: error.stdout, stderr: error.stderr }
  }
}

/** Runs a Python script given as text; `options.args` are its `sys.argv[1:]`. */
export function runPython(
  python: string,
  script: string,
  options: RunOptions = {},
): Promise<RunResult> {
  return runProgram(python, { ...options, args: ['-c', script, ...(options.args ?? [])] })
}

/**
 * The environment in which the real client talks to a fake Hub only: its own home, no proxy, no
 * Xet (over plain HTTP it is the fake CDN that answers), no call to anywhere else.
 */
export function hubClientEnv(endpoint: string, home: string): Record<string, string> {
  return {
    HF_ENDPOINT: endpoint,
    HF_HOME: home,
    HF_HUB_DISABLE_XET: '1',
    HF_HUB_DISABLE_UPDATE_CHECK: '1',
    HF_HUB_DISABLE_TELEMETRY: '1',
    HF_HUB_DISABLE_PROGRESS_BARS: '1',
    NO_PROXY: '127.0.0.1,localhost',
  }
}

/** The same with Xet: the client fetches Xet files from the fake store, and shares their blobs. */
export function xetClientEnv(endpoint: string, home: string): Record<string, string> {
  const { HF_HUB_DISABLE_XET: _, ...env } = hubClientEnv(endpoint, home)
  return { ...env, HF_XET_TELEMETRY_ENABLED: '0' }
}

/** Nothing of the caller's tokens, caches or proxies reaches a program under test. */
function essentialEnvironment(): Record<string, string> {
  const kept = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'USER']
  return Object.fromEntries(
    kept.flatMap((name) => {
      const value = process.env[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

interface FinishedChild {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A program that ran and ended badly, as opposed to one that could not be started. */
function isFinishedChild(error: unknown): error is FinishedChild {
  if (!(error instanceof Error) || !('stdout' in error) || !('code' in error)) return false
  return typeof error.code === 'number' || error.code === null
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    // Whatever the reason, it cannot be run.
    return false
  }
}
