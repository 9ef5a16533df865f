import { execFileSync } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import type { SkippableContext } from '@windlass/testkit'

/** A file system of its own in memory, mounted at a folder. */
export interface SmallDisk extends AsyncDisposable {
  readonly path: string
  remount(options: string): void
  /** Takes it away although files on it may be open. */
  takeAway(): void
  mountAgain(): void
}

/** Skips the test where nobody may mount; `options` are tmpfs's own, `size=10m`. */
export async function mountSmallDisk(
  context: SkippableContext,
  path: string,
  options: string,
): Promise<SmallDisk> {
  requireRoot(context)
  await mkdir(path, { recursive: true })
  const mount = (): void => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path])
    mounted = true
  }
  const takeAway = (): void => {
    if (mounted) execFileSync('umount', ['--lazy', path])
    mounted = false
  }
  let mounted = false
  mount()
  return {
    path,
    remount: (changes) => void execFileSync('mount', ['-o', `remount,${changes}`, path]),
    takeAway,
    mountAgain: mount,
    [Symbol.asyncDispose]: async () => takeAway(),
  }
}

export function requireRoot(context: SkippableContext): void {
  if (process.platform === 'linux' && process.getuid?.() === 0) return
  context.skip('only root on Linux can mount file systems and change what the system allows')
}
