import { stat, statfs } from 'node:fs/promises'

export interface FreeSpace {
  /** Equal for two folders exactly when they are on the same file system. */
  readonly volume: string
  /** Bytes that this user may still write. */
  readonly availableBytes: number
}

/** Measures the file system that holds an existing folder. */
export async function freeSpace(folder: string): Promise<FreeSpace> {
  const [{ dev }, { bavail, bsize }] = await Promise.all([
    stat(folder, { bigint: true }),
    statfs(folder),
  ])
  return { volume: dev.toString(), availableBytes: bavail * bsize }
}
