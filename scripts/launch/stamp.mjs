import { readFileSync, rmSync, writeFileSync } from 'node:fs'

/**
 * Whether the stamp at `path` says `value`. A stamp lies inside the result that it vouches for, so
 * they vanish together.
 * @param {string} path
 * @param {string} value
 */
export function isStamped(path, value) {
  try {
    return readFileSync(path, 'utf8') === value
  } catch (error) {
    const code = /** @type {NodeJS.ErrnoException} */ (error).code
    if (code === 'ENOENT' || code === 'ENOTDIR') return false
    throw error
  }
}

/**
 * Runs `work` and stamps its result; without a stamp while it runs, and after it fails.
 * @param {string} path
 * @param {string} value
 * @param {() => Promise<void>} work
 */
export async function stampAfter(path, value, work) {
  rmSync(path, { force: true })
  await work()
  writeFileSync(path, value)
}
