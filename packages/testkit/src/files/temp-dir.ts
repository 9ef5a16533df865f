import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A directory of one test's own; `await using` removes it at the end of the scope. */
export interface TempDir extends AsyncDisposable {
  readonly path: string
  /** A path inside. */
  join(...segments: string[]): string
  remove(): Promise<void>
}

export async function tempDir(prefix = 'windlass-test-'): Promise<TempDir> {
  const path = await mkdtemp(join(tmpdir(), prefix))
  // A child that is just being killed may still write; trying again is cheap.
  const remove = (): Promise<void> => rm(path, { recursive: true, force: true, maxRetries: 5 })
  return {
    path,
    join: (...segments) => join(path, ...segments),
    remove,
    [Symbol.asyncDispose]: remove,
  }
}
