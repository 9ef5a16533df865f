import { randomBytes } from 'node:crypto'
import { chmod, open } from 'node:fs/promises'
import { type Logger, Secret, WindlassError } from '@windlass/engine'
import { writePrivateFile } from './write-private-file.ts'

const TOKEN_BYTES = 32
const SHORTEST_TOKEN = 16
const OTHERS = 0o077

/**
 * The API token of a home, made (256 bits) when there is none. Call it as the owner
 * of the home only. A file that others can read is closed to them, with a warning.
 * @throws WindlassError SETTINGS_INVALID when the file holds something else
 */
export async function ensureApiToken(file: string, log: Logger): Promise<Secret> {
  const found = await readTokenFile(file)
  if (found === null) {
    const token = new Secret(randomBytes(TOKEN_BYTES).toString('base64url'))
    await writePrivateFile(file, `${token.reveal()}\n`)
    return token
  }
  if ((found.mode & OTHERS) !== 0) {
    await chmod(file, 0o600)
    log.warn({ file }, 'other users could read the API token; the file is private from now on')
  }
  return found.token
}

/**
 * The API token of a home; null when nobody has started there yet.
 * @throws WindlassError SETTINGS_INVALID when the file holds something else
 */
export async function readApiToken(file: string): Promise<Secret | null> {
  return (await readTokenFile(file))?.token ?? null
}

async function readTokenFile(file: string): Promise<{ token: Secret; mode: number } | null> {
  const handle = await openIfThere(file)
  if (handle === null) return null
  try {
    const [text, { mode }] = [(await handle.readFile('utf8')).trim(), await handle.stat()]
    if (text.length >= SHORTEST_TOKEN && /^[\x21-\x7e]+$/.test(text)) {
      return { token: new Secret(text), mode }
    }
  } finally {
    await handle.close()
  }
  throw new WindlassError('SETTINGS_INVALID', {
    detail: `${file} does not hold an API token`,
    hint: 'Remove the file; the next start makes a new one.',
  })
}

async function openIfThere(file: string): Promise<Awaited<ReturnType<typeof open>> | null> {
  try {
    return await open(file, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
