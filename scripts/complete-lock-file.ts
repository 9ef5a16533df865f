import {
  type AbsentPackage,
  findAbsentPackages,
  type LockedPackage,
  type LockFile,
  readLockFile,
  writeLockFile,
} from './lock-file.ts'

const SYSTEMS = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32']
const PROCESSORS = ['arm', 'arm64', 'ia32', 'ppc64', 'riscv64', 's390x', 'x64']
const LIBRARIES: Readonly<Record<string, string>> = {
  gnu: 'glibc',
  gnueabihf: 'glibc',
  musl: 'musl',
  musleabihf: 'musl',
}

/**
 * The same lock file with an entry for each package of another platform that npm left out (see
 * `findAbsentPackages`). The platform is read from the name, as in `x-linux-arm64-musl`; there is
 * no checksum, because the registry that knows it was not there.
 * @throws TypeError when a name does not tell its platform
 */
export function completeLockFile(lock: LockFile): LockFile {
  const added = findAbsentPackages(lock).map(
    (absent) => [`node_modules/${absent.name}`, entryFor(absent)] as const,
  )
  const packages = [...Object.entries(lock.packages), ...added].sort(([a], [b]) =>
    a.localeCompare(b, 'en'),
  )
  return { ...lock, packages: Object.fromEntries(packages) }
}

function entryFor({ name, version, dev }: AbsentPackage): LockedPackage {
  const words = name.split(/[/-]/)
  const os = SYSTEMS.filter((system) => words.includes(system))
  const cpu = PROCESSORS.filter((processor) => words.includes(processor))
  if (os.length !== 1 || cpu.length !== 1 || !/^\d+\.\d+\.\d+/.test(version)) {
    throw new TypeError(`${name}@${version} does not tell its platform; add it by hand`)
  }
  const libc = words.flatMap((word) => LIBRARIES[word] ?? [])
  return {
    version,
    cpu,
    ...(dev ? { dev } : {}),
    ...(libc.length === 0 ? {} : { libc }),
    optional: true,
    os,
  }
}

if (import.meta.main) writeLockFile(completeLockFile(readLockFile()))
