import { randomBytes } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncDirectory } from './durable-rename.ts'

export interface WriteFileOptions {
  /** Permission bits, exactly as given; 0600 when absent. */
  readonly mode?: number
  /** Where the bytes are gathered, on the same file system; beside the file when absent. */
  readonly temporaryPath?: string
}

/**
 * Writes a small file so that readers see the old content or the new, never a
 * part of it, also after a power cut. Leaves no temporary file behind when it fails.
 */
export async function writeFileDurably(
  path: string,
  data: string | Uint8Array,
  options: WriteFileOptions = {},
): Promise<void> {
  const temporary = options.temporaryPath ?? `${path}.${randomBytes(4).toString('hex')}.tmp`
  try {
    await writeNew(temporary, data, options.mode ?? 0o600)
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncDirectory(dirname(path))
}

async function writeNew(path: string, data: string | Uint8Array, mode: number): Promise<void> {
  await rm(path, { force: true })
  const handle = await open(path, 'wx', mode)
  try {
    await handle.writeFile(data)
    // The mode that open() takes is cut by the umask.
    await handle.chmod(mode)
    await handle.sync()
  } finally {
    await handle.close()
  }
}
