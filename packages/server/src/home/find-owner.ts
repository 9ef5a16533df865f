import { connect } from 'node:net'
import { type Secret, WindlassError } from '@windlass/engine'
import { isLoopback, type Settings } from '../settings/load-settings.ts'
import { readApiToken } from './api-token.ts'
import { homePaths } from './home-paths.ts'

/** Where a client finds the Windlass that is in charge. */
export interface OwnerAddress {
  /** Base address for the client; `http://localhost` behind a socket. */
  readonly baseUrl: string
  /** Unix socket to connect to in place of the address's host; null for TCP. */
  readonly socketPath: string | null
  readonly token: Secret
}

export type OwnerSettings = Pick<Settings, 'home' | 'server' | 'token'>

/** Answers of `connect` that mean: nobody listens. */
const NOBODY = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTSOCK', 'ENOTDIR'])

/**
 * The server that the settings name, without asking whether it runs; else the
 * process that answers on the socket of the home; null when nobody does. A socket
 * file that a killed owner left counts as nobody.
 * @throws WindlassError SETTINGS_INVALID, AUTH_REQUIRED when no token is known
 */
export async function findOwner(settings: OwnerSettings): Promise<OwnerAddress | null> {
  const paths = homePaths(settings.home)
  if (settings.server !== null) return namedServer(settings.server, settings, paths.token)
  if (!(await answers(paths.socket))) return null
  // The home's own token always opens its socket, whatever token the owner was given.
  const token = (await readApiToken(paths.token)) ?? settings.token
  if (token === null) {
    throw new WindlassError('AUTH_REQUIRED', { detail: `${paths.token} is missing` })
  }
  return { baseUrl: 'http://localhost', socketPath: paths.socket, token }
}

async function namedServer(
  server: URL,
  settings: OwnerSettings,
  tokenFile: string,
): Promise<OwnerAddress> {
  const host = server.hostname.replace(/^\[|\]$/g, '')
  // The token of this machine's home is shown to this machine only.
  const ofHome = isLoopback(host) ? await readApiToken(tokenFile) : null
  const token = settings.token ?? ofHome
  if (token === null) {
    throw new WindlassError('SETTINGS_INVALID', {
      detail: `WINDLASS_SERVER is ${server.origin}, and no token for it is set`,
      hint: "Set WINDLASS_TOKEN to that server's API token.",
    })
  }
  return { baseUrl: server.href.replace(/\/+$/, ''), socketPath: null, token }
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== undefined && NOBODY.has(error.code)) resolve(false)
      else reject(error)
    })
  })
}
