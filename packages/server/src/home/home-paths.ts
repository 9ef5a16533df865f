import path from 'node:path'
import { WindlassError } from '@windlass/engine'

/** The files of a home that the server and its clients share. */
export interface HomePaths {
  readonly socket: string
  readonly token: string
  readonly owner: string
}

/** Bytes that fit `sun_path` of a Unix socket address, less the final NUL (unix(7); macOS has 104). */
const LONGEST_SOCKET_PATH = { darwin: 103, elsewhere: 107 } as const

/**
 * Names the files of a home.
 * @throws WindlassError SETTINGS_INVALID when its path is too long for a Unix socket
 */
export function homePaths(home: string): HomePaths {
  const socket = path.join(home, 'windlass.sock')
  const limit = LONGEST_SOCKET_PATH[process.platform === 'darwin' ? 'darwin' : 'elsewhere']
  const length = Buffer.byteLength(socket)
  if (length > limit) {
    throw new WindlassError('SETTINGS_INVALID', {
      detail: `the path ${socket} is ${length} bytes long, and a Unix socket can have ${limit}`,
      hint: `Set WINDLASS_HOME to a folder with a path of at most ${limit - '/windlass.sock'.length} bytes.`,
      facts: { variable: 'WINDLASS_HOME', length, limit },
    })
  }
  return { socket, token: path.join(home, 'token'), owner: path.join(home, 'owner.json') }
}
