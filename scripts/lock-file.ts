import { readFileSync, writeFileSync } from 'node:fs'

/** One package of a lock file, as far as we look into it. */
export interface LockedPackage {
  readonly version?: string
  readonly resolved?: string
  readonly integrity?: string
  readonly link?: boolean
  readonly dev?: boolean
  readonly optional?: boolean
  readonly os?: readonly string[]
  readonly cpu?: readonly string[]
  readonly libc?: readonly string[]
  readonly hasInstallScript?: boolean
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/** package-lock.json: its packages by the folder they go to. */
export interface LockFile {
  readonly packages: Readonly<Record<string, LockedPackage>>
}

/** A package that another one names as optional and that the lock file does not have. */
export interface AbsentPackage {
  readonly name: string
  readonly version: string
  readonly dev: boolean
}

const FOLDER = 'node_modules/'
const PATH = new URL('../package-lock.json', import.meta.url)

/** The lock file of this checkout. */
export function readLockFile(): LockFile {
  return JSON.parse(readFileSync(PATH, 'utf8'))
}

/** Writes the lock file as npm does. */
export function writeLockFile(lock: LockFile): void {
  writeFileSync(PATH, `${JSON.stringify(lock, null, 2)}\n`)
}

/**
 * Optional packages without an entry. npm leaves one out when the registry in use does not have
 * it, which happens with builds for other platforms, and `npm ci` then refuses the lock file
 * everywhere.
 */
export function findAbsentPackages(lock: LockFile): AbsentPackage[] {
  return Object.entries(lock.packages).flatMap(([path, entry]) =>
    Object.entries(entry.optionalDependencies ?? {})
      .filter(([name]) => !isReachable(lock, path, name))
      .map(([name, version]) => ({ name, version, dev: entry.dev === true })),
  )
}

/** Whether Node would find `name` from the folder `path`: there or in any folder above. */
function isReachable(lock: LockFile, path: string, name: string): boolean {
  for (
    let folder = path;
    ;
    folder = folder.slice(0, Math.max(0, folder.lastIndexOf(`/${FOLDER}`)))
  ) {
    if (`${folder === '' ? '' : `${folder}/`}${FOLDER}${name}` in lock.packages) return true
    if (folder === '') return false
  }
}

/** The name of the package in a folder of the lock file; null for our own packages. */
export function packageName(path: string): string | null {
  const start = path.lastIndexOf(FOLDER)
  return start === -1 ? null : path.slice(start + FOLDER.length)
}
