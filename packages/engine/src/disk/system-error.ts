import { constants } from 'node:os'

const NAMES = new Map(Object.entries(constants.errno).map(([name, number]) => [-number, name]))

/**
 * Node's code of an error, `ENOSPC`; undefined when it has none. libuv knows no name for
 * some numbers, EDQUOT and ESTALE among them: Node then puts a sentence in its place.
 */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') {
    return undefined
  }
  const isName = /^[A-Z0-9_]+$/.test(error.code)
  if (isName || !('errno' in error) || typeof error.errno !== 'number') return error.code
  return NAMES.get(error.errno) ?? error.code
}

/** True when `error` is a failed system call with one of these codes, or with any code if none is given. */
export function isSystemError(error: unknown, ...codes: string[]): error is NodeJS.ErrnoException {
  const code = systemCode(error)
  return code !== undefined && (codes.length === 0 || codes.includes(code))
}

/** Waits for `work`; null when it fails because there is nothing at that path. */
export async function orNullIfAbsent<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return null
    throw error
  }
}
