import { lstat, readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { ModelSpace } from '@windlass/contract'
import { freeSpace } from '../disk/free-space.ts'
import { orNullIfAbsent } from '../disk/system-error.ts'

/** How much a cache holds, and how much more it could. */
export async function measureSpace(cacheDir: string): Promise<ModelSpace> {
  let folder = cacheDir
  while ((await orNullIfAbsent(stat(folder)))?.isDirectory() !== true) folder = dirname(folder)
  const [cacheBytes, { availableBytes }] = await Promise.all([
    measureCache(cacheDir),
    freeSpace(folder),
  ])
  return {
    cache_size_bytes: cacheBytes,
    available_bytes: availableBytes,
    cache_path: cacheDir,
  }
}

/**
 * Bytes of all regular files below a folder, each counted once however many names it has. An
 * unfinished file counts with what it takes up: it may have its full length long before its bytes.
 */
async function measureCache(cacheDir: string): Promise<number> {
  const sizes = new Map<string, number>()
  const folders = [cacheDir]
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const entries = (await orNullIfAbsent(readdir(folder, { withFileTypes: true }))) ?? []
    for (const entry of entries) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) folders.push(path)
      if (!entry.isFile()) continue
      const file = await orNullIfAbsent(lstat(path))
      if (file === null) continue
      const bytes = isPart(path) ? Math.min(file.size, file.blocks * 512) : file.size
      sizes.set(`${file.dev} ${file.ino}`, bytes)
    }
  }
  return [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0)
}

function isPart(path: string): boolean {
  return path.endsWith('.part') && basename(dirname(dirname(path))) === '.windlass'
}
