import path from 'node:path'

export interface FolderFacts {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Home folder of the user. */
  readonly homeDir: string
  readonly platform: NodeJS.Platform
}

/**
 * The folder where programs of this platform keep a user's data: Apple's Application
 * Support, Windows' local application data, elsewhere the XDG base directory (whose
 * standard says that a relative XDG_DATA_HOME is to be ignored).
 */
export function dataFolder({ env, homeDir, platform }: FolderFacts): string {
  if (platform === 'darwin') {
    return path.posix.join(homeDir, 'Library', 'Application Support', 'windlass')
  }
  if (platform === 'win32') {
    const local = env['LOCALAPPDATA'] || path.win32.join(homeDir, 'AppData', 'Local')
    return path.win32.join(local, 'windlass', 'Data')
  }
  const xdg = env['XDG_DATA_HOME']
  const base =
    xdg !== undefined && path.posix.isAbsolute(xdg)
      ? xdg
      : path.posix.join(homeDir, '.local', 'share')
  return path.posix.join(base, 'windlass')
}
