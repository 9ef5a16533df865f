import { WindlassError } from '../errors/windlass-error.ts'

const WINDOWS_DEVICES = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\.|$)/i
const LONGEST_NAME_BYTES = 255

/**
 * Refuses a path that a stranger named, unless it stays below the folder it is joined
 * to, read by the rules of POSIX and of Windows both: what is stored here may be opened
 * there.
 * @throws WindlassError NAME_INVALID, naming the path
 */
export function requireContainedPath(path: string): void {
  const fault = escapeFault(path)
  if (fault !== null) throw invalid(path, fault, 'Ask the owner of the repository to rename it.')
}

/** True for a path that {@link requireContainedPath} lets through. */
export function isContainedPath(path: string): boolean {
  return escapeFault(path) === null
}

/**
 * Refuses a path whose names the platform cannot hold. A colon or a trailing dot is
 * fine everywhere but on Windows.
 * @throws WindlassError NAME_INVALID, naming the path
 */
export function requireHoldablePath(path: string, platform: NodeJS.Platform): void {
  for (const name of path.split('/')) {
    const fault = nameFault(name, platform)
    if (fault !== null) throw invalid(path, fault)
  }
}

function escapeFault(path: string): string | null {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  if (/[\u0000-\u001f]/.test(path)) return 'it has control characters'
  if (!path.isWellFormed()) return 'it is not valid Unicode'
  const names = path.replaceAll('\\', '/').split('/')
  if (names.includes('')) return 'it is absolute or has an empty part'
  if (names.includes('.') || names.includes('..')) return 'it points elsewhere'
  // `C:x` is a place on another drive to Windows, wherever it stands in a joined path.
  if (path.split('/').some((name) => /^.:/u.test(name))) return 'it names a drive'
  return null
}

function nameFault(name: string, platform: NodeJS.Platform): string | null {
  if (Buffer.byteLength(name) > LONGEST_NAME_BYTES) return 'a part of it is longer than 255 bytes'
  if (platform !== 'win32') return null
  if (/[<>:"|?*\\]/.test(name)) return 'Windows does not allow one of its characters'
  if (/[. ]$/.test(name)) return 'Windows does not allow a dot or space at the end of a name'
  if (WINDOWS_DEVICES.test(name)) return 'Windows reserves the name'
  return null
}

function invalid(path: string, fault: string, hint?: string): WindlassError {
  const shown = JSON.stringify(path.length > 200 ? `${path.slice(0, 200)}…` : path)
  return new WindlassError('NAME_INVALID', {
    detail: `${shown}: ${fault}`,
    ...(hint === undefined ? {} : { hint }),
  })
}
