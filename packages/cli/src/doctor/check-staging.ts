import { readFile, realpath } from 'node:fs/promises'
import path from 'node:path'
import { type StagingFolder, stagingFolders } from '@windlass/engine'
import { formatBytes, formatCount } from '../render/quantities.ts'
import { type Finding, ok, warn } from './finding.ts'

const NAME = 'Unfinished'

/**
 * The unfinished bytes in the cache, and whose they are. What this home owns without a download
 * is removed at each start; of all others it is told who can.
 */
export async function checkStaging(cacheDir: string, home: string): Promise<Finding[]> {
  const ownHome = await realpath(home).catch(() => home) // made at the first start
  const byHome = new Map<string | null, StagingFolder[]>()
  for await (const folder of stagingFolders(cacheDir)) {
    const key = folder.owner?.home ?? null
    byHome.set(key, [...(byHome.get(key) ?? []), folder])
  }
  if (byHome.size === 0) return [ok(NAME, 'nothing in the cache')]
  const findings = [...byHome].map(([owner, folders]) => findingFor(owner, folders, ownHome))
  return await Promise.all(findings)
}

async function findingFor(
  owner: string | null,
  folders: readonly StagingFolder[],
  ownHome: string,
): Promise<Finding> {
  const bytes = folders.reduce((sum, folder) => sum + folder.bytes, 0)
  const what = `${formatCount(folders.length, 'download')}, ${formatBytes(bytes)}`
  if (owner === ownHome) return ok(NAME, `${what}, of this home`)
  const places = folders.map(({ folder }) => folder).join(', ')
  if (owner === null) {
    return warn(NAME, `${what}, of an unknown home`, `If no Windlass works there: rm -r ${places}`)
  }
  if (await isThere(owner, folders)) return ok(NAME, `${what}, of the home ${owner}`)
  return warn(
    NAME,
    `${what}, of the home ${owner}, which is not on this machine`,
    `If it is gone for good: rm -r ${places}`,
  )
}

async function isThere(home: string, folders: readonly StagingFolder[]): Promise<boolean> {
  const homeId = await readFile(path.join(home, 'home-id'), 'utf8').catch(() => '') // no such home
  return folders.some(({ owner }) => owner?.homeId === homeId.trim())
}
