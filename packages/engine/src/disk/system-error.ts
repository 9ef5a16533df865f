/** True when `error` is a failed system call with one of these codes, or with any code if none is given. */
export function isSystemError(error: unknown, ...codes: string[]): error is NodeJS.ErrnoException {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string')
    return false
  return codes.length === 0 || codes.includes(error.code)
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
