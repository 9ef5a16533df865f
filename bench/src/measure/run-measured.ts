import { type ChildProcess, spawn } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** What a program cost from its start to its end. */
export interface Run {
  /** Epoch milliseconds. */
  readonly startedAt: number
  readonly wallSeconds: number
  /** User and system time of the program and its children; null without GNU time. */
  readonly cpuSeconds: number | null
  /** Peak resident size; null without GNU time. */
  readonly peakBytes: number | null
  readonly stdout: string
}

export interface Command {
  readonly program: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Where it runs, and where GNU time leaves its figures. */
  readonly cwd: string
  /** GNU time; null when it is not installed. */
  readonly time: string | null
  readonly signal: AbortSignal
}

const OUTPUT_TAIL = 400
/** The slowest run there is, one slow connection, takes a minute. */
const LONGEST_RUN_MS = 15 * 60_000

/**
 * Runs a program to its end. It sees nothing of our environment but what `env` gives it.
 * @throws Error with the end of its messages when its exit code is not 0; the signal's reason; a
 *   TimeoutError after a quarter of an hour
 */
export async function runMeasured(command: Command): Promise<Run> {
  const { program, args, time, cwd } = command
  const signal = AbortSignal.any([command.signal, AbortSignal.timeout(LONGEST_RUN_MS)])
  signal.throwIfAborted()
  const figures = join(cwd, '.time')
  const [file, ...rest] =
    time === null
      ? [program, ...args]
      : [time, '-f', '%U %S %M', '-o', figures, '--', program, ...args]
  const startedAt = Date.now()
  const start = performance.now()
  // In a group of its own, so that a stop reaches the program behind GNU time too.
  const child = spawn(file, rest, { cwd, env: command.env, detached: true })
  const { code, stdout, stderr } = await outcomeOf(child, signal)
  const wallSeconds = (performance.now() - start) / 1000
  signal.throwIfAborted()
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${stderr.slice(-OUTPUT_TAIL)}`)
  const known = { startedAt, wallSeconds, stdout }
  if (time === null) return { ...known, cpuSeconds: null, peakBytes: null }
  const [user = 0, system = 0, kib = 0] = (await readFile(figures, 'utf8')).split(' ').map(Number)
  await rm(figures)
  return { ...known, cpuSeconds: user + system, peakBytes: kib * 1024 }
}

interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

function outcomeOf(child: ChildProcess, signal: AbortSignal): Promise<Outcome> {
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>()
  const text = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.setEncoding('utf8').on('data', (piece: string) => {
      text[stream] += piece
    })
  }
  const stop = (): void => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  }
  signal.addEventListener('abort', stop, { once: true })
  child.once('error', reject)
  child.once('close', (code) => {
    signal.removeEventListener('abort', stop)
    resolve({ code, ...text })
  })
  return promise
}
