import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isSystemError } from '../../disk/system-error.ts'
import type { Logger } from '../../ports.ts'
import type { Clock } from '../../runtime/clock.ts'
import { type FlockAttempt, NO_FLOCK_PROGRAM, tryFlock } from './flock.ts'

const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 1000
/** Pauses of 50 to 800 ms, 1.5 s in all. */
const SOON_ATTEMPTS = 5

export interface WaitOptions {
  readonly signal: AbortSignal
  /** Called once, when somebody else holds the lock. */
  readonly onWait: () => void
}

/**
 * Locks that spare two programs the same work. Nothing depends on them for being
 * right: every writer gathers bytes in a file of its own and renames it.
 */
export class BlobLocks {
  readonly #clock: Pick<Clock, 'sleep'>
  readonly #log: Pick<Logger, 'info'>
  /** Why locks did not work the first time they did not. */
  #unsupported: string | undefined

  constructor(deps: { readonly clock: Pick<Clock, 'sleep'>; readonly log: Pick<Logger, 'info'> }) {
    this.#clock = deps.clock
    this.#log = deps.log
  }

  /**
   * Waits until the lock is ours. Returns its release, which does nothing where
   * locks do not work. Rejects with the signal's reason, leaving neither descriptor nor child.
   */
  async take(path: string, mode: number, { signal, onWait }: WaitOptions): Promise<() => void> {
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted()
      const release = await this.#try(path, mode)
      if (release !== null) {
        if (!signal.aborted) return release
        release()
        throw signal.reason
      }
      if (attempt === 1) onWait()
      await this.#clock.sleep(pauseMs(attempt), { signal })
    }
  }

  /** Like {@link take} for a lock that is only ever held for a moment; null when that moment is long. */
  async takeSoon(path: string, mode: number): Promise<(() => void) | null> {
    const { signal } = new AbortController()
    for (let attempt = 1; attempt <= SOON_ATTEMPTS; attempt++) {
      const release = await this.#try(path, mode)
      if (release !== null) return release
      await this.#clock.sleep(pauseMs(attempt), { signal })
    }
    return null
  }

  /** The release; null when the lock is held elsewhere. */
  async #try(path: string, mode: number): Promise<(() => void) | null> {
    if (this.#unsupported === NO_FLOCK_PROGRAM) return nothingToRelease
    const attempt = await attemptIn(path, mode)
    if (attempt.kind === 'held') return attempt.release
    if (attempt.kind === 'busy') return null
    if (this.#unsupported === undefined) {
      const { reason } = attempt
      this.#log.info({ reason }, 'cannot lock in the cache; two programs may fetch the same file')
      this.#unsupported = reason
    }
    return nothingToRelease
  }
}

async function attemptIn(path: string, mode: number): Promise<FlockAttempt> {
  try {
    await makeLockFolder(dirname(path))
  } catch (error) {
    if (!isSystemError(error)) throw error
    return { kind: 'unsupported', reason: error.code ?? 'mkdir' }
  }
  return await tryFlock(path, mode)
}

/** Two levels and no more: the cache itself, when it was unmounted, must not be made anew below. */
async function makeLockFolder(folder: string): Promise<void> {
  for (const each of [dirname(folder), folder]) {
    try {
      await mkdir(each)
    } catch (error) {
      if (!isSystemError(error, 'EEXIST')) throw error
    }
  }
}

function pauseMs(attempt: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS)
}

function nothingToRelease(): void {}
