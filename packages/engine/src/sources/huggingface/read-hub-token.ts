import { readFile } from 'node:fs/promises'
import { Secret } from '../../runtime/secret.ts'
import { cleanToken, type HubEnvironment } from './hub-environment.ts'

type TokenPlaces = Pick<
  HubEnvironment,
  'token' | 'tokenPath' | 'ownTokenPath' | 'implicitTokenDisabled'
>

/** A token, and where it was found. */
export interface FoundToken {
  readonly token: Secret
  /** `environment`: HF_TOKEN; `windlass`: its own home; `client`: the file of the Hub's client. */
  readonly from: 'environment' | 'windlass' | 'client'
  /** The file it is in; null for a variable. */
  readonly path: string | null
}

/**
 * The token to show the Hub, null when there is none or it must not be sent unasked: that of
 * the environment before the one that a person gave to Windlass, and that before the one of
 * the Hub's client. Files are read at each call, since a person may log in while a download
 * waits for it.
 */
export async function findHubToken(environment: TokenPlaces): Promise<FoundToken | null> {
  if (environment.implicitTokenDisabled) return null
  if (environment.token !== null) {
    return { token: environment.token, from: 'environment', path: null }
  }
  const files = [
    { from: 'windlass', path: environment.ownTokenPath },
    { from: 'client', path: environment.tokenPath },
  ] as const
  for (const { from, path } of files) {
    const token = path === null ? null : await readTokenFile(path)
    if (token !== null) return { token, from, path }
  }
  return null
}

/** The token alone; see {@link findHubToken}. */
export async function readHubToken(environment: TokenPlaces): Promise<Secret | null> {
  return (await findHubToken(environment))?.token ?? null
}

async function readTokenFile(path: string): Promise<Secret | null> {
  try {
    const token = cleanToken(await readFile(path, 'utf8'))
    return token === null ? null : new Secret(token)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null // Node's own shape
    throw error
  }
}
