import { bad, type Finding, ok } from './finding.ts'

const OLDEST_NODE = '24.15.0'
/** Below it SQLite could lose a checkpointed WAL under rare timing (sqlite.org, 3.51.3 release notes). */
const OLDEST_SQLITE = '3.51.3'

/** Node and the SQLite inside it. */
export function checkRuntime(versions: Readonly<Record<string, string | undefined>>): Finding[] {
  const todo = `Install Node ${OLDEST_NODE.replace(/\.0$/, '')} or newer.`
  return [
    checkVersion({ name: 'Node', found: versions['node'], oldest: OLDEST_NODE, todo }),
    checkVersion({ name: 'SQLite', found: versions['sqlite'], oldest: OLDEST_SQLITE, todo }),
  ]
}

function checkVersion(facts: {
  readonly name: string
  readonly found: string | undefined
  readonly oldest: string
  readonly todo: string
}): Finding {
  const { name, found, oldest, todo } = facts
  if (found === undefined) return bad(name, 'missing', todo)
  return isAtLeast(found, oldest)
    ? ok(name, found)
    : bad(name, `${found} is older than ${oldest}`, todo)
}

/** Compares dotted versions number by number. */
export function isAtLeast(version: string, oldest: string): boolean {
  const parts = (text: string): number[] => text.split('.').map((part) => Number.parseInt(part, 10))
  const wanted = parts(oldest)
  for (const [index, part] of parts(version).entries()) {
    const least = wanted[index] ?? 0
    if (part !== least) return part > least
  }
  return true
}
