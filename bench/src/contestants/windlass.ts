import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Bench } from '../bench.ts'
import { type Run, runMeasured } from '../measure/run-measured.ts'
import type { Contestant } from '../measure/run-rounds.ts'
import { inFreshFolder } from './in-fresh-folder.ts'

const CLI = fileURLToPath(new URL('../../../packages/cli/src/main.ts', import.meta.url))

/** How Node runs us from a checkout, as `./windlass` does. */
export const WINDLASS_ARGS = ['--conditions=windlass-source', CLI] as const

export interface PullOptions {
  readonly model: string
  readonly env?: Readonly<Record<string, string>>
}

/** `windlass pull`, the real program, into a home and a cache of its own. */
export function windlassPull(bench: Bench, options: PullOptions): Contestant {
  return () => inFreshFolder(bench.folder, (folder) => pullOnce(bench, folder, options))
}

/** One pull, with whatever `folder` holds from before. */
export function pullOnce(
  bench: Bench,
  folder: string,
  { model, env = {} }: PullOptions,
): Promise<Run> {
  return runMeasured({
    program: process.execPath,
    args: [...WINDLASS_ARGS, 'pull', model, '--quiet'],
    env: { ...windlassEnvironment(bench, folder), ...env },
    cwd: folder,
    time: bench.tools.time ?? null,
    signal: bench.signal,
  })
}

/** A home and a cache in `folder`, the fake Hub, and nothing of the caller's. */
export function windlassEnvironment(bench: Bench, folder: string): Record<string, string> {
  return {
    HOME: folder,
    WINDLASS_HOME: join(folder, 'home'),
    WINDLASS_PORT: '0',
    WINDLASS_RESERVE: '1M',
    WINDLASS_ALLOW_HOSTS: '127.0.0.1:*,localhost:*',
    HF_HOME: join(folder, 'hf'),
    HF_ENDPOINT: bench.origin.hub.endpoint,
    NODE_COMPILE_CACHE: bench.compileCache,
  }
}
