import { WindlassError } from '../../errors/windlass-error.ts'
import type { HubRepoType } from './hub-ref.ts'

/** What one of the written forms says, unchecked. Null where it says nothing. */
export interface HubRefParts {
  readonly repoType: HubRepoType
  readonly repoId: string
  readonly revision: string | null
  readonly path: string | null
  readonly quantization: string | null
}

const REPO_TYPES: ReadonlyMap<string, HubRepoType> = new Map([
  ['models', 'model'],
  ['datasets', 'dataset'],
  ['spaces', 'space'],
])

/** Takes `models/`, `datasets/` or `spaces/` from the start. */
export function splitType(text: string): {
  readonly type: HubRepoType | null
  readonly rest: string
} {
  const slash = text.indexOf('/')
  const type = slash === -1 ? undefined : REPO_TYPES.get(text.slice(0, slash))
  return type === undefined ? { type: null, rest: text } : { type, rest: text.slice(slash + 1) }
}

/** Reads `id`, `id@rev`, `id:QUANT`, `id@rev:QUANT` and `id:QUANT@rev`; null for anything else. */
export function readId(
  text: string,
): Pick<HubRefParts, 'repoId' | 'revision' | 'quantization'> | null {
  const match =
    /^(?<id>[^@:]*)(?:@(?<revision>[^:]*))?(?::(?<quantization>[^@:]*))?$/.exec(text) ??
    /^(?<id>[^@:]*):(?<quantization>[^@:]*)@(?<revision>[^:]*)$/.exec(text)
  if (match === null) return null
  return {
    repoId: match.groups?.['id'] ?? '',
    revision: match.groups?.['revision'] ?? null,
    quantization: match.groups?.['quantization'] ?? null,
  }
}

/** @throws WindlassError REF_INVALID when it is not percent-encoded properly */
export function decodeRevision(text: string, revision: string | null): string | null {
  if (revision === null) return null
  try {
    return decodeURIComponent(revision)
  } catch {
    // A `%` that escapes nothing is all that this can mean.
    throw refInvalid(text, `${shown(revision)} is no revision`)
  }
}

/** @returns the error for a text that is for the Hub but makes no sense */
export function refInvalid(text: string, why: string): WindlassError {
  return new WindlassError('REF_INVALID', { detail: `${shown(text)}: ${why}` })
}

/** A piece of a text as an error shows it: quoted and not too long. */
export function shown(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text)
}
