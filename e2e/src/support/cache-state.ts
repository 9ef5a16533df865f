import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type HubFileSpec, sha256File, sha256OfRandomBytes } from '@windlass/testkit'

const KNOWN_AT_ROOT = /^(CACHEDIR\.TAG|\.locks|blobs|(models|datasets|spaces)--.+)$/

/**
 * What is in a Hub cache that only Windlass could have left there: its staging folders, and what
 * is in the root beside repositories. Empty when nothing is unfinished.
 */
export async function leftovers(cache: string): Promise<string[]> {
  const names = await readdir(cache, { recursive: true })
  return names.filter(
    (name) =>
      name.split('/').some((part) => part === '.windlass') ||
      (!name.includes('/') && !KNOWN_AT_ROOT.test(name)) ||
      /\.(tmp|part|journal|new|shared|incomplete)$/.test(name),
  )
}

/** The SHA-256 of each file as the Hub has it, by path. */
export async function hashesOf(files: readonly HubFileSpec[]): Promise<Map<string, string>> {
  const pairs = files.map(async ({ path, content }): Promise<[string, string]> => {
    if (typeof content === 'object' && 'seed' in content) {
      return [path, await sha256OfRandomBytes(content)]
    }
    return [path, createHash('sha256').update(content).digest('hex')]
  })
  return sorted(await Promise.all(pairs))
}

/** The SHA-256 of each file below a snapshot, links followed, by path. */
export async function hashesIn(snapshot: string): Promise<Map<string, string>> {
  const entries = await readdir(snapshot, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => !entry.isDirectory())
  const pairs = files.map(async (entry): Promise<[string, string]> => {
    const full = join(entry.parentPath, entry.name)
    return [full.slice(snapshot.length + 1), await sha256File(full)]
  })
  return sorted(await Promise.all(pairs))
}

/** Blobs of a repository whose content does not have the digest that is their name. */
export async function wrongBlobs(repoFolder: string): Promise<string[]> {
  const folder = join(repoFolder, 'blobs')
  const names = await readdir(folder)
  const wrong = await Promise.all(
    names.map(async (name) => ((await hasItsDigest(join(folder, name), name)) ? [] : [name])),
  )
  return wrong.flat()
}

async function hasItsDigest(path: string, name: string): Promise<boolean> {
  if (name.length === 64) return (await sha256File(path)) === name
  const bytes = await readFile(path)
  const git = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes)
  return git.digest('hex') === name
}

function sorted(pairs: [string, string][]): Map<string, string> {
  return new Map(pairs.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
}
