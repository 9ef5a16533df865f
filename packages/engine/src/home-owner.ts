import { readFile, realpath, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { orNullIfAbsent } from './disk/system-error.ts'
import { newId } from './downloads/new-id.ts'
import type { StagingOwner } from './stores/staging-owner.ts'

const HOME_ID = /^[0-9a-z]{20}$/

/**
 * How a home marks its staging folders. Kept beside the database and not in it: who loses
 * the database still knows what was his. Read by the home's one owner alone.
 */
export async function openHomeOwner(home: string, random: () => number): Promise<StagingOwner> {
  const file = join(home, 'home-id')
  const known = (await orNullIfAbsent(readFile(file, 'utf8')))?.trim() ?? ''
  const homeId = HOME_ID.test(known) ? known : newId(random) + newId(random)
  // One that a crash cut short is no id: then a new one is made.
  if (homeId !== known) await writeFile(file, `${homeId}\n`, { mode: 0o600, flush: true })
  return { homeId, home: await realpath(home) }
}
