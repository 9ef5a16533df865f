import { mkdir } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { syncDirectory } from './durable-rename.ts'

/**
 * Makes a folder and all that is missing above it, so that a power cut leaves none of them
 * nameless: an fsync of a folder promises its entries, not its own name in the one above.
 */
export async function makeFoldersDurably(
  path: string,
  options: { readonly mode?: number } = {},
): Promise<void> {
  const folder = resolve(path)
  const first = await mkdir(folder, { ...options, recursive: true })
  if (first === undefined) return
  const last = dirname(resolve(first))
  for (let holder = dirname(folder); ; holder = dirname(holder)) {
    await syncDirectory(holder)
    if (holder === last || holder === dirname(holder)) return
  }
}
