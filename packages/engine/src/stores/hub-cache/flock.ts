import { spawn } from 'node:child_process'
import { closeSync, constants, fchmod, fstat, open as openCallback } from 'node:fs'
import { promisify } from 'node:util'
import { isSystemError } from '../../disk/system-error.ts'

const open = promisify(openCallback)
const chmod = promisify(fchmod)
const stat = promisify(fstat)

/** The reason that holds for every file, so that nobody needs to ask again. */
export const NO_FLOCK_PROGRAM = 'no flock program'

export type FlockAttempt =
  /** Ours until `release`, which may be called more than once. */
  | { readonly kind: 'held'; readonly release: () => void }
  | { readonly kind: 'busy' }
  /** No `flock` program, or a file system or folder where it does not work. */
  | { readonly kind: 'unsupported'; readonly reason: string }

/**
 * Tries once to take the lock that Python's `filelock` takes on POSIX. Node has no
 * flock(2), so util-linux `flock` sets it on our open file: the lock belongs to
 * that open file, outlives the program that set it, and ends with the descriptor.
 * The file stays behind: unlinking a lock splits those who wait for it.
 */
export async function tryFlock(path: string, mode: number): Promise<FlockAttempt> {
  let fd: number
  try {
    fd = await openLockFile(path, mode)
  } catch (error) {
    if (!isSystemError(error)) throw error
    return { kind: 'unsupported', reason: error.code ?? 'open' }
  }
  try {
    const attempt = await lock(fd)
    // Python removes the file when a release fails; a lock on an unlinked file excludes nobody.
    if (attempt.kind === 'held' && (await stat(fd)).nlink > 0) return held(fd)
    closeSync(fd)
    return attempt.kind === 'held' ? { kind: 'busy' } : attempt
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

function held(fd: number): FlockAttempt {
  let isOpen = true
  const release = (): void => {
    if (isOpen) closeSync(fd)
    isOpen = false
  }
  return { kind: 'held', release }
}

async function openLockFile(path: string, mode: number): Promise<number> {
  const { O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
  // Absent on Windows, where there is no `flock` program either.
  const flags = O_RDWR | (O_NOFOLLOW ?? 0)
  try {
    const fd = await open(path, flags | O_CREAT | O_EXCL, mode)
    // Past the umask, so that others who share the cache can lock too; only the creator may.
    await chmod(fd, mode)
    return fd
  } catch (error) {
    if (!isSystemError(error, 'EEXIST')) throw error
    return await open(path, flags | O_CREAT, mode)
  }
}

/** Runs for 3-4 ms, so it is awaited to its end rather than killed. */
function lock(
  fd: number,
): Promise<{ readonly kind: 'held' } | Exclude<FlockAttempt, { kind: 'held' }>> {
  return new Promise((resolve) => {
    const child = spawn('flock', ['-x', '-n', '3'], { stdio: ['ignore', 'ignore', 'ignore', fd] })
    const failed = (reason: string): void => resolve({ kind: 'unsupported', reason })
    child.once('error', (error) =>
      failed(isSystemError(error, 'ENOENT') ? NO_FLOCK_PROGRAM : error.message),
    )
    child.once('close', (status) => {
      if (status === 0) resolve({ kind: 'held' })
      else if (status === 1) resolve({ kind: 'busy' })
      else failed(`flock ended with ${status}`)
    })
  })
}
