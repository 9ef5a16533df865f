import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * What makes the Python client give up on a repository folder, by the rules of its
 * `scan_cache_dir`; empty when all is well.
 */
export async function cacheFaults(repo: string): Promise<readonly string[]> {
  const names: readonly string[] = await readdir(repo).catch(() => [])
  if (names.length === 0) return []
  if (!names.includes('snapshots')) return ['no snapshots folder']
  const faults: string[] = []
  for (const entry of await below(join(repo, 'snapshots'))) {
    const exists = await stat(entry).then(
      () => true,
      () => false,
    )
    if (!exists) faults.push(`broken link ${entry}`)
  }
  const commits = await readdir(join(repo, 'snapshots'))
  for (const ref of await below(join(repo, 'refs'))) {
    if (!commits.includes(await readFile(ref, 'utf8'))) faults.push(`ref to nowhere ${ref}`)
  }
  return faults
}

async function below(folder: string): Promise<readonly string[]> {
  const options = { recursive: true, withFileTypes: true } as const
  const entries = await readdir(folder, options).catch(() => [])
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
}
