import { WindlassError } from '../../errors/windlass-error.ts'
import { headerOf, type ResponseHead } from '../../net/response-head.ts'
import { parseContentRange } from './content-range.ts'

/** What was asked of the host. */
export interface AskedRange {
  readonly start: number
  /** Exclusive; null for everything to the end. */
  readonly end: number | null
  /** Whether `If-Range` went along. */
  readonly conditional: boolean
}

/** What is known of the file, whoever serves it. */
export interface KnownFile {
  readonly path: string
  readonly sizeBytes: number | null
  /** A strong ETag with its quotes, or a Last-Modified date. */
  readonly validator: string | null
  /** Whether a digest decides in the end, whatever the answers say. */
  readonly hasDigest: boolean
}

interface BodyFacts {
  readonly end: number | null
  /** Null when the host does not tell. */
  readonly total: number | null
  /**
   * False when a validator was known and this answer keeps silent about it: its bytes may be of
   * another version, so they go with no others.
   */
  readonly isProven: boolean
}

export type RangeVerdict =
  /** The body starts at the asked position. */
  | ({ readonly kind: 'body' } & BodyFacts)
  /** The whole file although a part was asked for: good from 0 on only. */
  | ({ readonly kind: 'whole' } & BodyFacts)
  /** The host says that the file ends where we stand. */
  | { readonly kind: 'complete'; readonly total: number }
  /** The whole file, perhaps only because the host misreads `If-Range`: ask once without. */
  | { readonly kind: 'ask-plainly' }
  /** These bytes are of no use; another request may bring better ones. */
  | { readonly kind: 'useless'; readonly error: WindlassError }

/**
 * Decides what an answer (200, 206 or 416) to a ranged request is good for: rules R1 and
 * R2. Nothing but a body it lets through may be written.
 *
 * @throws WindlassError SOURCE_CHANGED when it is another file by now,
 *   ENCODING_UNEXPECTED, SIZE_MISMATCH or CONTENT_UNEXPECTED when it is not the file
 */
export function checkRangeAnswer(
  asked: AskedRange,
  head: ResponseHead,
  known: KnownFile,
): RangeVerdict {
  if (head.status === 416) return checkUnsatisfied(asked, head, known)
  refuseEncoding(head, known)
  return head.status === 206 ? checkPart(asked, head, known) : checkWhole(asked, head, known)
}

function checkPart(asked: AskedRange, head: ResponseHead, known: KnownFile): RangeVerdict {
  const type = headerOf(head, 'content-type') ?? ''
  if (/^multipart\/byteranges/i.test(type)) return useless(known, 'several parts in one answer')
  const stated = parseContentRange(headerOf(head, 'content-range') ?? '')
  if (stated === null || stated.range === null) return useless(known, 'no usable Content-Range')
  const { range, total } = stated
  if (total !== null && known.sizeBytes !== null && total !== known.sizeBytes) {
    throw changed(known.path, `it has ${total} bytes, not ${known.sizeBytes}`)
  }
  const isProven = isSameVersion(head, known)
  if (range.start !== asked.start) {
    return useless(known, `asked for byte ${asked.start}, got byte ${range.start}`)
  }
  if (!isProven && asked.start > 0) return useless(known, 'the host does not say of which version')
  const end = earlier(range.end, asked.end)
  return { kind: 'body', end, total: total ?? known.sizeBytes, isProven }
}

function checkWhole(asked: AskedRange, head: ResponseHead, known: KnownFile): RangeVerdict {
  const length = contentLength(head)
  const isProven = isSameVersion(head, known)
  refusePage(head, known, length)
  if (length !== null && known.sizeBytes !== null && length !== known.sizeBytes) {
    throw new WindlassError('SIZE_MISMATCH', {
      detail: `${known.path} has ${length} bytes, not ${known.sizeBytes}`,
    })
  }
  const total = known.sizeBytes ?? length
  if (asked.start === 0) return { kind: 'body', end: total, total, isProven }
  if (asked.conditional) return { kind: 'ask-plainly' }
  return { kind: 'whole', end: total, total, isProven }
}

function checkUnsatisfied(asked: AskedRange, head: ResponseHead, known: KnownFile): RangeVerdict {
  const total = parseContentRange(headerOf(head, 'content-range') ?? '')?.total ?? null
  if (total === null) return useless(known, 'the host refuses the range')
  if (known.sizeBytes !== null && total !== known.sizeBytes) {
    throw changed(known.path, `it has ${total} bytes, not ${known.sizeBytes}`)
  }
  if (total < asked.start) throw changed(known.path, `it has ${total} bytes only`)
  if (total === asked.start) return { kind: 'complete', total }
  return useless(known, 'the host refuses a range of the file')
}

/**
 * Whether these bytes may stand beside others of the file: the validator agrees, none was ever
 * known, or a digest will tell.
 * @throws WindlassError SOURCE_CHANGED when the validator is another one
 */
function isSameVersion(head: ResponseHead, { validator, hasDigest, path }: KnownFile): boolean {
  if (validator === null) return true
  const stated = headerOf(head, validator.startsWith('"') ? 'etag' : 'last-modified')
  // RFC 9110 §15.3.7: a part carries the ETag that a whole would; without it, it is anybody's.
  if (stated === null || stated.startsWith('W/')) return hasDigest
  if (stated !== validator) throw changed(path, 'its validator differs')
  return true
}

function refuseEncoding(head: ResponseHead, known: KnownFile): void {
  const encoding = headerOf(head, 'content-encoding')?.trim().toLowerCase() ?? ''
  if (encoding === '' || encoding === 'identity') return
  throw new WindlassError('ENCODING_UNEXPECTED', { detail: `${known.path} came as ${encoding}` })
}

/** A login page, a captive portal or an API answers 200 with a page of its own in place of the file. */
function refusePage(head: ResponseHead, known: KnownFile, length: number | null): void {
  const isPage = /^(?:text\/html|application\/json)\b/i.test(headerOf(head, 'content-type') ?? '')
  const mayBePage =
    /\.(?:x?html?|json)$/i.test(known.path) || (length !== null && length === known.sizeBytes)
  if (isPage && !mayBePage) throw new WindlassError('CONTENT_UNEXPECTED', { detail: known.path })
}

function earlier(left: number | null, right: number | null): number | null {
  if (left === null || right === null) return left ?? right
  return Math.min(left, right)
}

function contentLength(head: ResponseHead): number | null {
  const text = headerOf(head, 'content-length')
  return text !== null && /^\d{1,16}$/.test(text) ? Number(text) : null
}

function changed(path: string, detail: string): WindlassError {
  return new WindlassError('SOURCE_CHANGED', { detail: `${path}: ${detail}` })
}

function useless(known: KnownFile, detail: string): RangeVerdict {
  const error = new WindlassError('RANGE_MISMATCH', { detail: `${known.path}: ${detail}` })
  return { kind: 'useless', error }
}
