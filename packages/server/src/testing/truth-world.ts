import { createHash } from 'node:crypto'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { Writable } from 'node:stream'
import { createLog } from '../create-log.ts'
import { type OpenHome, openHome } from '../open-home.ts'
import { loadSettings } from '../settings/load-settings.ts'
import { type ApiDocument, readOpenapi } from './openapi-operations.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { openTestApp } from './test-app.ts'

export const OPERATOR_TOKEN = 'operator-canary-0123456789'
const HUB_TOKEN = 'hf_canaryOfTheHub0123456789'

/** A home with a real engine and database behind real sockets, whose Hub refuses every connection. */
export interface TruthWorld {
  readonly home: OpenHome
  readonly port: number
  readonly document: ApiDocument
  /** What would differ if anything had been changed: downloads, events, sessions, models, limits. */
  fingerprint(): Promise<string>
  /** Everything logged so far. */
  logged(): string
  /** Secrets that must be in no answer and no line. */
  readonly canaries: readonly string[]
  /** Another client address of this machine with each call, so that limits do not hide answers. */
  nextClient(): string
}

/** `afterwards` is given what has to be closed and removed. */
export async function openTruthWorld(
  afterwards: (close: () => Promise<void>) => void,
): Promise<TruthWorld> {
  const folder = await temporaryFolder(afterwards)
  const lines: string[] = []
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    },
  })
  const env = {
    WINDLASS_HOME: folder,
    WINDLASS_PORT: '0',
    WINDLASS_TOKEN: OPERATOR_TOKEN,
    HF_TOKEN: HUB_TOKEN,
    HF_HOME: `${folder}/hf`,
    // The discard port: nobody listens there.
    HF_ENDPOINT: 'http://127.0.0.1:9',
  }
  await cacheModel(`${folder}/hf/hub/models--org--name`)
  const settings = loadSettings({ env, homeDir: folder, platform: process.platform })
  const log = createLog({ level: 'debug', destination })
  const home = await openHome(settings, { log, listenTcp: true, startDownloads: false })
  afterwards(() => home.close())
  const signInCode = new URL(home.signInUrl?.reveal() ?? '').hash.slice(1)
  let client = 0
  return {
    home,
    port: Number(new URL(home.url ?? '').port),
    document: await documentOfApp(),
    fingerprint: () => fingerprintOf(home),
    logged: () => lines.join(''),
    canaries: [OPERATOR_TOKEN, HUB_TOKEN, signInCode],
    nextClient: () => {
      client++
      return `127.${1 + (client >> 16)}.${(client >> 8) & 0xff}.${1 + (client & 0x7f)}`
    },
  }
}

/** A model of one file, as the Python client would have left it. */
async function cacheModel(repo: string): Promise<void> {
  const snapshot = `${repo}/snapshots/${'c'.repeat(40)}`
  for (const made of [snapshot, `${repo}/blobs`, `${repo}/refs`]) {
    await mkdir(made, { recursive: true })
  }
  const blob = createHash('sha1').update('blob 2\0{}').digest('hex')
  await writeFile(`${repo}/blobs/${blob}`, '{}')
  await symlink(`../../blobs/${blob}`, `${snapshot}/config.json`)
  await writeFile(`${repo}/refs/main`, 'c'.repeat(40))
}

/** The document says the same for every app. */
async function documentOfApp(): Promise<ApiDocument> {
  const { app } = await openTestApp()
  const document = await readOpenapi(app)
  await app.close()
  return document
}

async function fingerprintOf({ engine }: OpenHome): Promise<string> {
  const { items } = await engine.downloads.list({ limit: 500 })
  const states = items.map(({ id, state, priority }) => [id, state, priority])
  const sessions = (await engine.access.list('session')).length
  const { models } = await engine.models.list()
  const limits = engine.limits.current()
  return JSON.stringify([engine.events.lastSeq(), states, sessions, models, limits])
}
