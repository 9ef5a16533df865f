import { createHash } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createRandomBytes, type RandomBytesSpec } from './random-bytes.ts'
import type { VirtualBytes } from './virtual-bytes.ts'

/** What names content on the Hub: SHA-256 for large files, git's own blob hash for the rest. */
export interface Digests {
  readonly sha256: string
  readonly gitSha1: string
}

const TURN_BYTES = 32 * 1024 * 1024
const known = new Map<string, Promise<Digests>>()

/** Both digests of the whole content, in one pass; computed once for content with a cache key. */
export function digestBytes(bytes: VirtualBytes): Promise<Digests> {
  if (bytes.cacheKey === undefined) return computeDigests(bytes)
  const existing = known.get(bytes.cacheKey)
  if (existing !== undefined) return existing
  const computed = computeDigests(bytes)
  known.set(bytes.cacheKey, computed)
  return computed
}

/** The SHA-256 of {@link createRandomBytes}, in hex; cached. */
export async function sha256OfRandomBytes(spec: RandomBytesSpec): Promise<string> {
  return (await digestBytes(createRandomBytes(spec.seed, spec.sizeBytes))).sha256
}

/** The name git gives to a blob of this content. */
export function gitBlobSha1(content: string | Uint8Array): string {
  const bytes = Buffer.from(content)
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex')
}

async function computeDigests(bytes: VirtualBytes): Promise<Digests> {
  const sha256 = createHash('sha256')
  const gitSha1 = createHash('sha1').update(`blob ${bytes.sizeBytes}\0`)
  let sinceTurn = 0
  for (const chunk of bytes.read(0, bytes.sizeBytes)) {
    sha256.update(chunk)
    gitSha1.update(chunk)
    sinceTurn += chunk.length
    if (sinceTurn >= TURN_BYTES) {
      sinceTurn = 0
      await nextTurn()
    }
  }
  return { sha256: sha256.digest('hex'), gitSha1: gitSha1.digest('hex') }
}
