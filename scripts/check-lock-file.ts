import { findAbsentPackages, type LockFile, packageName, readLockFile } from './lock-file.ts'

/**
 * Packages that somebody has looked at and that may bring an install script. None needs it: the
 * launcher installs with `--ignore-scripts`.
 */
const MAY_HAVE_INSTALL_SCRIPT: readonly string[] = []

/**
 * What must not stand in package-lock.json, a sentence each: an install script that nobody has
 * looked at, the address of a registry (which may be somebody's own), a package without a checksum
 * or without an entry.
 */
export function findLockFileProblems(lock: LockFile): string[] {
  const absent = findAbsentPackages(lock).map(
    ({ name, version }) => `${name}@${version} has no entry; run \`npm run lock-file\``,
  )
  const wrong = Object.entries(lock.packages).flatMap(([path, entry]) => {
    const name = packageName(path)
    if (name === null || entry.link === true) return []
    const problems: string[] = []
    if (entry.hasInstallScript === true && !MAY_HAVE_INSTALL_SCRIPT.includes(name)) {
      problems.push(`${path} has an install script; find a package without, or allow it here`)
    }
    if (entry.resolved !== undefined) {
      problems.push(`${path} records where it came from; .npmrc must keep that out`)
    }
    // A package of another platform may come from `npm run lock-file`, which knows no checksum.
    const isForeign = entry.optional === true && entry.os !== undefined
    if (entry.integrity === undefined && !isForeign) problems.push(`${path} has no checksum`)
    return problems
  })
  return [...absent, ...wrong]
}

if (import.meta.main) {
  const problems = findLockFileProblems(readLockFile())
  for (const problem of problems) process.stderr.write(`${problem}\n`)
  process.exitCode = problems.length === 0 ? 0 : 1
}
