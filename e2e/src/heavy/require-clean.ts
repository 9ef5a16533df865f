import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { leftovers, wrongBlobs } from '../support/cache-state.ts'
import { checkDatabase } from '../support/check-database.ts'
import type { World } from '../support/world.ts'
import type { Findings } from './findings.ts'

/** What a home holds when nobody owns it. */
const AT_REST = /^(windlass\.db|token|home-id)$/

/**
 * When all work has ended and nobody owns the home: nothing of ours may be left in the cache, no
 * blob may have another content than its name says, the home holds what it should and the
 * database is whole.
 */
export async function requireClean(
  { cache, home }: Pick<World, 'cache' | 'home'>,
  findings: Findings,
): Promise<void> {
  const left = await leftovers(cache)
  findings.require(left.length === 0, `no unfinished file is left: ${left.join(', ')}`)
  for (const name of await readdir(cache)) {
    if (!name.startsWith('models--')) continue
    const wrong = await wrongBlobs(join(cache, name))
    findings.require(wrong.length === 0, `${name} has only right blobs: ${wrong.join(', ')}`)
  }
  const unknown = (await readdir(home())).filter((name) => !AT_REST.test(name))
  findings.require(unknown.length === 0, `nothing else is in the home: ${unknown.join(', ')}`)
  const integrity = checkDatabase(home())
  findings.require(integrity === 'ok', `the database is whole: ${integrity}`)
}
