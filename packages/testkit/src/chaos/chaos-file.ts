import { createHash } from 'node:crypto'

/** One version of a file: its bytes and what the host says of them. */
export interface FileVersion {
  /** The bytes are the random bytes of this seed. */
  readonly seed: string
  readonly sizeBytes: number
  /** The header's whole value, with quotes and `W/`; null for none. */
  readonly etag: string | null
  /** An HTTP date; null for none. */
  readonly lastModified: string | null
}

/**
 * A version that begins at some request. What is absent stays as it was before, so any
 * subset of a change can be announced: other bytes under the same ETag, for example.
 */
export interface ScheduledVersion extends Partial<FileVersion> {
  /** The first request for the file that meets it; GET and HEAD are counted together, from 1. */
  readonly fromRequest: number
}

/** How a virtual file is served. What is absent is as a good host does it. */
export interface ChaosFileSettings {
  /** `strong` unless given. `per-request` is another strong one each time, as some edges send. */
  readonly etag?: 'strong' | 'weak' | 'none' | 'per-request'
  /** Whether there is a `Last-Modified`; true unless given. */
  readonly lastModified?: boolean
  /** The `Accept-Ranges` header; null for none. */
  readonly acceptRanges?: 'bytes' | 'none' | null
  /** `ignored` answers 200 with the whole file, whatever the range. */
  readonly ranges?: 'honoured' | 'ignored'
  /** `ignored` answers 206 whatever the validator, `always-200` the whole file even if it agrees. */
  readonly ifRange?: 'honoured' | 'ignored' | 'always-200'
  /** How the end of a body is told; `stated` by `Content-Length` unless given. */
  readonly length?: 'stated' | 'chunked' | 'until-close'
  /** Most bytes of one 206; without limit unless given. */
  readonly maxRangeBytes?: number
  readonly contentType?: string
  readonly versions?: readonly ScheduledVersion[]
}

const MODIFIED = 'Tue, 01 Sep 2026 08:00:00 GMT'

/**
 * The version that the `request`th request (from 1) for a file meets.
 * @param own seed and size as the address names them
 */
export function versionAt(
  own: Pick<FileVersion, 'seed' | 'sizeBytes'>,
  settings: ChaosFileSettings,
  request: number,
): FileVersion {
  const first: FileVersion = {
    ...own,
    etag: firstEtag(own, settings.etag ?? 'strong', request),
    lastModified: settings.lastModified === false ? null : MODIFIED,
  }
  const begun = (settings.versions ?? []).filter(({ fromRequest }) => fromRequest <= request)
  const { fromRequest: _, ...version } = Object.assign({ fromRequest: 0, ...first }, ...begun)
  return version
}

function firstEtag(
  { seed, sizeBytes }: Pick<FileVersion, 'seed' | 'sizeBytes'>,
  kind: NonNullable<ChaosFileSettings['etag']>,
  request: number,
): string | null {
  if (kind === 'none') return null
  const turn = kind === 'per-request' ? `#${request}` : ''
  const digest = createHash('sha256').update(`${sizeBytes}:${seed}${turn}`).digest('hex')
  return `${kind === 'weak' ? 'W/' : ''}"${digest.slice(0, 24)}"`
}
