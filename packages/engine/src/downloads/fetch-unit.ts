import type { Carrier, SpareConnections } from '../carriers/carrier.ts'
import { WindlassError } from '../errors/windlass-error.ts'
import type { Throttle } from '../net/bandwidth/throttle.ts'
import type { ByteOrigin, CallOptions, Notice } from '../sources/source.ts'
import type { StagedFile, StoreSession, TransferUnit } from '../stores/store.ts'
import type { RunProgress } from './run-progress.ts'
import type { UnitHashers } from './unit-hashers.ts'

export interface FetchContext {
  readonly carrier: Carrier
  readonly hashers: UnitHashers
  /** Connections of the download that no file needs. */
  readonly spare: () => SpareConnections | null
  readonly session: StoreSession
  readonly progress: RunProgress
  /** The limits that all units share. */
  readonly throttle: Throttle
  /** Canonical ref and revision: the part of a partial file's identity that all units share. */
  readonly identity: string
  readonly locate: (unit: TransferUnit, options: CallOptions) => Promise<ByteOrigin>
  readonly onNotice: (notice: Notice) => void
  /** All bytes of the run are on disk; what remains is verification and publication. */
  readonly onAllReceived: () => Promise<void>
}

export interface FetchOptions extends CallOptions {
  readonly bypassCaches: boolean
  /** Gives the unit's connection back: called once no byte of it has to be fetched any more. */
  readonly leave: () => void
}

export interface FetchedUnit {
  readonly present: boolean
  readonly computedSha256: string | null
}

/**
 * One attempt at one unit, step by step: claim, carry, verify, publish. Nothing
 * appears under its final name before its digest agrees.
 *
 * @returns whether the bytes were there already, and the digest that was computed where none was told
 * @throws WindlassError HASH_MISMATCH after the wrong bytes are thrown away
 */
export async function fetchUnit(
  unit: TransferUnit,
  context: FetchContext,
  options: FetchOptions,
): Promise<FetchedUnit> {
  const { session, progress } = context
  progress.begin(unit)
  const claim = await session.claim(unit, {
    signal: options.signal,
    onWait: () => context.onNotice(waitNotice(unit)),
  })
  if (claim.kind === 'present') {
    await session.adopt(unit)
    return { present: true, computedSha256: null }
  }
  try {
    const actual = await carryAndVerify(unit, claim.staged, context, options)
    await session.publish(unit, claim.staged)
    return { present: false, computedSha256: unit.file.digest === null ? actual : null }
  } finally {
    claim.release()
  }
}

async function carryAndVerify(
  unit: TransferUnit,
  staged: StagedFile,
  context: FetchContext,
  { signal, bypassCaches, leave }: FetchOptions,
): Promise<string> {
  const { file } = unit
  const { carrier, hashers, progress } = context
  const spare = context.spare()
  const hasher = hashers.of(unit, staged)
  const { sizeBytes } = await carrier.transfer(
    {
      file,
      identity: identityOf(unit, context.identity),
      staged,
      locate: (locateOptions) => context.locate(unit, locateOptions),
      bypassCaches,
      throttle: context.throttle,
      ...(spare === null ? {} : { spare }),
      onProgress: (bytes) => progress.received(unit, bytes),
      onFrontier: (bytes) => hasher.advance(bytes),
      onNotice: context.onNotice,
    },
    { signal },
  )
  // What is left is the disk's and the processor's work: the next file is asked for meanwhile.
  leave()
  progress.enter(unit, 'verifying')
  if (progress.allReceived) await context.onAllReceived()
  const actual = await hasher.finish(sizeBytes, { signal }).finally(() => hashers.drop(unit))
  if (file.digest === null || actual === file.digest.hex) return actual
  await carrier.discard(staged)
  progress.received(unit, 0)
  throw new WindlassError('HASH_MISMATCH', {
    detail: `${file.path} should have ${file.digest.algorithm} ${file.digest.hex}, got ${actual}`,
    facts: { path: file.path, expected: file.digest.hex, actual },
  })
}

function identityOf({ file }: TransferUnit, shared: string): string {
  const digest = file.digest === null ? '' : `${file.digest.algorithm}:${file.digest.hex}`
  // With a digest the bytes are the same wherever they come from; without, the path is part of the name.
  return digest === ''
    ? `${shared} ${file.path} ${file.sizeBytes ?? '?'} ${file.validator ?? ''}`
    : `${digest} ${file.sizeBytes ?? '?'}`
}

function waitNotice({ file }: TransferUnit): Notice {
  return {
    code: 'LOCK_HELD',
    message: `another process is fetching ${file.path}; waiting for it`,
    path: file.path,
  }
}
