import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import type { HubCachePlacement } from '../../placement.ts'
import type { Store, StoreSession, TransferUnit } from '../../store.ts'
import { createHubCacheStore, type HubCacheOptions } from '../create-hub-cache-store.ts'

const OWNER = { homeId: 'test', home: '/home' }

export interface FileSpec {
  readonly content: string | Uint8Array
  readonly lfs?: boolean
  readonly xetHash?: string
}

/** A repository as the runner hands it to a store. */
export interface PullCase {
  readonly placement: HubCachePlacement
  readonly units: readonly TransferUnit[]
  readonly contents: ReadonlyMap<string, Uint8Array>
}

export const COMMIT = 'c0ffee'.padEnd(40, '0')
export const OTHER_COMMIT = 'decade'.padEnd(40, '0')
export const silent = { debug: () => undefined, info: () => undefined }
export const never: AbortSignal = new AbortController().signal

export function pullCase(
  files: Readonly<Record<string, FileSpec>>,
  options: Partial<HubCachePlacement> = {},
): PullCase {
  const units = new Map<string, { key: string; file: TransferUnit['file']; paths: string[] }>()
  const contents = new Map<string, Uint8Array>()
  const tree = Object.entries(files).map(([path, { content, lfs, xetHash }]) => {
    const bytes = Buffer.from(content)
    const sha1 = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex')
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const key = lfs === true ? sha256 : sha1
    const algorithm = lfs === true ? ('sha256' as const) : ('git-sha1' as const)
    const file = { path, sizeBytes: bytes.length, digest: { algorithm, hex: key }, validator: null }
    const unit = units.get(key) ?? { key, file, paths: [] }
    unit.paths.push(path)
    units.set(key, unit)
    contents.set(key, bytes)
    return {
      path,
      sizeBytes: bytes.length,
      blobId: sha1,
      ...(lfs === true ? { lfs: { sha256, sizeBytes: bytes.length } } : {}),
      ...(xetHash === undefined ? {} : { xetHash }),
    }
  })
  return {
    placement: {
      store: 'hub-cache',
      repoType: 'model',
      repoId: 'org/name',
      commit: COMMIT,
      refName: 'main',
      tree,
      ...options,
    },
    units: [...units.values()],
    contents,
  }
}

export function openStore(cacheDir: string, options: Partial<HubCacheOptions> = {}): Store {
  const clock = { now: () => Date.now(), sleep: () => Promise.resolve() }
  return createHubCacheStore({
    cacheDir,
    symlinks: true,
    owner: OWNER,
    clock,
    log: silent,
    ...options,
  })
}

/** Brings one unit in, as the runner does after it has verified the bytes. */
export async function bring(
  session: StoreSession,
  unit: TransferUnit,
  { contents }: PullCase,
): Promise<'adopted' | 'published'> {
  const claim = await session.claim(unit, { signal: never, onWait: () => undefined })
  if (claim.kind === 'present') {
    await session.adopt(unit)
    return 'adopted'
  }
  try {
    await writeFile(claim.staged.partPath, contents.get(unit.key) ?? '')
    await writeFile(claim.staged.journalPath, 'safe')
    await session.publish(unit, claim.staged)
    return 'published'
  } finally {
    claim.release()
  }
}

/** A whole pull; calls `after` at every point where another program could look. */
export async function pull(
  store: Store,
  pulled: PullCase,
  downloadId = 'd1',
  after: (step: string) => Promise<void> = async () => undefined,
): Promise<string> {
  const session = await store.open(pulled.placement, downloadId)
  await after('open')
  for (const unit of pulled.units) await after(await bring(session, unit, pulled))
  const folder = await session.finish()
  await after('finish')
  return folder
}
