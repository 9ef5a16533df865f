import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'

const CHECKOUT = join(import.meta.dirname, '..', '..', '..')
const MAIN = join(CHECKOUT, 'packages', 'cli', 'src', 'main.ts')
/** The program is started some 200 times from the same sources: compiling them once is enough. */
const COMPILE_CACHE = join(CHECKOUT, 'node_modules', '.cache', 'windlass-e2e')

/** How a run of the program ended. A program that was killed has the exit code `null`. */
export interface Ended {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  readonly tookMs: number
}

/** The real program as a child process. */
export interface WindlassProcess {
  readonly pid: number
  /** Rejects when the run took longer than its deadline; the process is dead then too. */
  readonly ended: Promise<Ended>
  readonly isRunning: boolean
  /** What it wrote so far. */
  readonly stdout: string
  readonly stderr: string
  /** Sends the signal to this process only. */
  kill(signal: NodeJS.Signals): void
}

export interface StartOptions {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly deadlineMs: number
  /** A program, and its arguments, that becomes Windlass by exec, under the same process id. */
  readonly prefix?: readonly string[]
}

/** Starts `windlass ARGS` from the sources, as `./windlass` does, and kills it at its deadline. */
export function startWindlass(options: StartOptions): WindlassProcess {
  const { args, env, deadlineMs, prefix = [] } = options
  const startedAt = performance.now()
  const line = [...prefix, process.execPath, '--conditions=windlass-source', MAIN, ...args]
  const child = spawn(line[0] ?? '', line.slice(1), {
    env: { ...env, NODE_COMPILE_CACHE: COMPILE_CACHE },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text
  })
  const ended = endOf(child, deadlineMs).then((end) => ({
    ...end,
    ...output,
    tookMs: performance.now() - startedAt,
  }))
  // Whoever wants the end asks for it; a test that failed before does not.
  ended.catch(() => undefined)
  const { pid } = child
  if (pid === undefined) throw new Error('the program could not be started')
  return {
    pid,
    ended: ended.catch((error: unknown) => {
      throw new Error(`windlass ${args.join(' ')}: ${output.stderr}`, { cause: error })
    }),
    get isRunning() {
      return child.exitCode === null && child.signalCode === null
    },
    get stdout() {
      return output.stdout
    },
    get stderr() {
      return output.stderr
    },
    kill: (signal) => void child.kill(signal),
  }
}

function endOf(
  child: ChildProcess,
  deadlineMs: number,
): Promise<Pick<Ended, 'exitCode' | 'signal'>> {
  return new Promise((resolve, reject) => {
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      child.kill('SIGKILL')
    }, deadlineMs)
    child.once('error', reject)
    child.once('close', (exitCode, signal) => {
      clearTimeout(timer)
      if (isLate) reject(new Error(`still running after ${deadlineMs} ms`))
      else resolve({ exitCode, signal })
    })
  })
}
