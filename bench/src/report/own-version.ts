import { fileURLToPath } from 'node:url'
import { readVersion } from '@windlass/engine'
import { runProgram } from '@windlass/testkit'

const CHECKOUT = fileURLToPath(new URL('../../..', import.meta.url))

/** What of us is measured: the version, and in a git checkout the commit, `+` when files differ from it. */
export async function ownVersion(): Promise<string> {
  const version = `windlass ${readVersion()}`
  const git = (...args: string[]) => runProgram('git', { args, cwd: CHECKOUT })
  try {
    const commit = await git('rev-parse', '--short', 'HEAD')
    if (commit.exitCode !== 0) return version
    const { stdout } = await git('status', '--porcelain')
    return `${version} (${commit.stdout.trim()}${stdout === '' ? '' : '+'})`
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return version
    throw error
  }
}
