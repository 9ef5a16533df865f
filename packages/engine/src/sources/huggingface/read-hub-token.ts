import { readFile } from 'node:fs/promises'
import { Secret } from '../../runtime/secret.ts'
import { cleanToken, type HubEnvironment } from './hub-environment.ts'

/**
 * The token to show the Hub, null when there is none or it must not be sent unasked. The
 * file is read at each call, since a person may log in while a download waits for it.
 */
export async function readHubToken(
  environment: Pick<HubEnvironment, 'token' | 'tokenPath' | 'implicitTokenDisabled'>,
): Promise<Secret | null> {
  if (environment.implicitTokenDisabled) return null
  if (environment.token !== null) return environment.token
  try {
    const token = cleanToken(await readFile(environment.tokenPath, 'utf8'))
    return token === null ? null : new Secret(token)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null // Node's own shape
    throw error
  }
}
