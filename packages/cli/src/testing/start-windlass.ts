import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { TempDir } from '@windlass/testkit'

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url))

export interface Ended {
  /** Null when a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** The program as a person runs it: a real process with a home and a cache of its own. */
export interface RunningWindlass {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** What it has written so far. */
  output(): { readonly stdout: string; readonly stderr: string }
  /** Resolves as soon as stderr matches; rejects when the program ends first. */
  said(pattern: RegExp): Promise<void>
}

export interface WindlassEnvironment {
  readonly dir: TempDir
  readonly endpoint: string
  readonly env?: Readonly<Record<string, string>>
  /** All that it reads on stdin; nothing when absent. */
  readonly input?: string
}

export function startWindlass(
  { dir, endpoint, env, input }: WindlassEnvironment,
  args: readonly string[],
): RunningWindlass {
  const child = spawn(process.execPath, ['--conditions=windlass-source', MAIN, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: dir.path,
      WINDLASS_HOME: dir.join('home'),
      WINDLASS_PORT: '0',
      WINDLASS_RESERVE: '1M',
      HF_HOME: dir.join('hf'),
      HF_ENDPOINT: endpoint,
      // The fake Hub's CDN.
      WINDLASS_ALLOW_HOSTS: 'localhost:*',
      ...env,
    },
  })
  child.stdin.end(input)
  const text = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text.stdout += piece
  })
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code) => resolve({ code, ...text }))
  })
  const changed = new Set<() => void>()
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    text.stderr += piece
    for (const look of changed) look()
  })
  const said = (pattern: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!pattern.test(text.stderr)) return
        changed.delete(look)
        resolve()
      }
      changed.add(look)
      void ended.then(() => reject(new Error(`ended without saying ${pattern}:\n${text.stderr}`)))
      look()
    })
  return { child, ended, said, output: () => ({ ...text }) }
}

/** Runs the program to its end. */
export async function runWindlass(
  environment: WindlassEnvironment,
  args: readonly string[],
): Promise<Ended> {
  return await startWindlass(environment, args).ended
}
