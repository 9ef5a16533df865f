import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const HEARTBEAT_MS = 1_000
/** A holder that shows no sign of life for this long, by the clock of the one who waits, is gone. */
const SILENCE_MS = 20_000
const POLL_MS = 200
const LEFTOVER_MS = 3_600_000

/**
 * @typedef {object} Holder
 * @property {string} id Names this one lock, for ever.
 * @property {number} pid
 * @property {string} host
 */

/**
 * Runs `work` while no other process of this checkout does. Waits for another one; takes over from
 * one that died.
 *
 * The lock is a folder with its owner inside, made elsewhere and renamed into place, which fails
 * where one stands already: it never exists without saying whose it is.
 * @template T
 * @param {string} parent Folder for the lock, made when absent.
 * @param {(text: string) => void} say
 * @param {() => Promise<T>} work
 * @param {{ silenceMs?: number }} [options]
 * @returns {Promise<T>}
 */
export async function withSetupLock(parent, say, work, { silenceMs = SILENCE_MS } = {}) {
  mkdirSync(parent, { recursive: true })
  const lock = join(parent, 'lock')
  const mine = mkdtempSync(join(parent, 'owner-'))
  const holder = { id: basename(mine), pid: process.pid, host: hostname() }
  writeFileSync(join(mine, 'owner.json'), JSON.stringify(holder))
  await takePlace(mine, lock, createPatience(lock, silenceMs), say)
  const heartbeat = setInterval(() => touch(lock), HEARTBEAT_MS)
  try {
    sweep(parent)
    return await work()
  } finally {
    clearInterval(heartbeat)
    // Moved before it is taken apart: a lock without its owner inside would look free.
    if (readHolder(lock)?.id === holder.id) tryRename(lock, mine)
    rmSync(mine, { recursive: true, force: true })
  }
}

/**
 * Puts the folder `mine` in the place of the lock, as soon as that is free.
 * @param {string} mine
 * @param {string} lock
 * @param {ReturnType<typeof createPatience>} patience
 * @param {(text: string) => void} say
 */
async function takePlace(mine, lock, patience, say) {
  let announced = false
  while (!tryRename(mine, lock)) {
    const other = readHolder(lock)
    if (other !== null && patience.isGone(other)) {
      bury(lock, other)
    } else {
      if (other !== null && !announced) {
        say(`Another command (process ${other.pid}) is setting up; waiting for it ...`)
        announced = true
      }
      await sleep(POLL_MS)
    }
  }
}

/**
 * Judges whether the holder of a lock is gone. Several machines may share a checkout, so a process
 * id says something only on the same host, and may be another process's by now; a heartbeat counts
 * everywhere.
 * @param {string} lock
 * @param {number} silenceMs
 */
function createPatience(lock, silenceMs) {
  let seen = ''
  let since = Date.now()
  return {
    /** @param {Holder} holder */
    isGone(holder) {
      if (holder.host === hostname() && !isAlive(holder.pid)) return true
      const sign = `${holder.id} ${statSync(lock, { throwIfNoEntry: false })?.mtimeMs}`
      if (sign !== seen) {
        seen = sign
        since = Date.now()
      }
      return Date.now() - since > silenceMs
    },
  }
}

/**
 * Moves a dead lock away under a name made of its id. Of two who judge the same lock dead only one
 * can do that, because the grave stays; nobody can so take away the lock of the next holder.
 * @param {string} lock
 * @param {Holder} holder
 */
function bury(lock, holder) {
  tryRename(lock, join(dirname(lock), `dead-${holder.id}`))
}

/**
 * Removes what crashed holders and waiters left, once nobody can still be thinking about it.
 * @param {string} parent
 */
function sweep(parent) {
  for (const name of readdirSync(parent)) {
    if (!/^(dead|owner)-/.test(name)) continue
    const changedMs = statSync(join(parent, name), { throwIfNoEntry: false })?.ctimeMs ?? Infinity
    if (Date.now() - changedMs > LEFTOVER_MS) {
      rmSync(join(parent, name), { recursive: true, force: true })
    }
  }
}

/**
 * @param {string} from
 * @param {string} to
 * @returns {boolean} false when `to` is taken or `from` has gone
 */
function tryRename(from, to) {
  try {
    renameSync(from, to)
    return true
  } catch (error) {
    const code = /** @type {NodeJS.ErrnoException} */ (error).code ?? ''
    if (['ENOTEMPTY', 'EEXIST', 'EPERM', 'ENOENT'].includes(code)) return false
    throw error
  }
}

/**
 * @param {string} lock
 * @returns {Holder | null} null when it was let go of meanwhile
 */
function readHolder(lock) {
  try {
    return JSON.parse(readFileSync(join(lock, 'owner.json'), 'utf8'))
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return null
    throw error
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM'
  }
}

/** @param {string} lock */
function touch(lock) {
  const now = new Date()
  try {
    utimesSync(lock, now, now)
  } catch (error) {
    // Gone: we were taken for dead while the machine slept. The work itself is safe to run twice.
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ENOENT') throw error
  }
}
