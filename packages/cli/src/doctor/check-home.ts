import { stat } from 'node:fs/promises'
import type { Connection } from '../connection.ts'
import { describeFailure } from '../describe-failure.ts'
import { bad, type Finding, ok, warn } from './finding.ts'
import { existingFolder, isWritable } from './folders.ts'

const NAME = 'Home'
const OTHERS = 0o077

/** The folder of Windlass's own state: may we write there, can others look in, who owns it. */
export async function checkHome(
  home: string,
  toOwner: () => Promise<Connection | null>,
): Promise<Finding[]> {
  const place = await existingFolder(home)
  if (!(await isWritable(place))) {
    return [
      bad(
        NAME,
        `${place} is not writable`,
        'Give this user the right to write there, or set WINDLASS_HOME.',
      ),
    ]
  }
  const folder =
    place === home ? await checkPrivacy(home) : ok(NAME, `${home}, made at the first start`)
  return [folder, await checkOwner(toOwner)]
}

async function checkPrivacy(home: string): Promise<Finding> {
  const { mode } = await stat(home)
  if ((mode & OTHERS) === 0) return ok(NAME, home)
  return warn(NAME, `${home} can be entered by other users`, `chmod 700 ${home}`)
}

async function checkOwner(toOwner: () => Promise<Connection | null>): Promise<Finding> {
  const name = 'Server'
  try {
    const connection = await toOwner()
    if (connection === null) return ok(name, 'none runs; `windlass serve` starts one')
    try {
      const { active, pid, queued, version } = await connection.client.health()
      return ok(name, `${version} runs as process ${pid}: ${active} active, ${queued} queued`)
    } finally {
      await connection.close()
    }
  } catch (error) {
    const { hint, message } = describeFailure(error)
    return bad(name, message, hint ?? 'Stop it and start it again.')
  }
}
