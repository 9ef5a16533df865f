import { ERROR_CODES } from '@windlass/contract'
import { formatBytes } from '../../disk/format-bytes.ts'
import { isWindlassError, WindlassError } from '../../errors/windlass-error.ts'
import type { HttpResponse } from '../../net/http-client.ts'
import { namingHost } from '../../net/naming-host.ts'
import { headerOf, type ResponseHead } from '../../net/response-head.ts'
import type { Clock } from '../../runtime/clock.ts'
import { StopRequest, withChildSignal } from '../../runtime/stop-request.ts'
import type { TransferRequest } from '../carrier.ts'
import { type BodyPlan, boundedPlan } from './bounded-plan.ts'
import type { BufferPool } from './buffer-pool.ts'
import { type AskedRange, checkRangeAnswer, type RangeVerdict } from './check-range-answer.ts'
import { formatRange } from './content-range.ts'
import type { FileLink } from './file-link.ts'
import type { HostMemory } from './host-memory.ts'
import { isLfsPointer } from './is-lfs-pointer.ts'
import type { PartFile } from './part-file.ts'
import { receiveBody } from './receive-body.ts'
import type { Segment, SegmentPlan } from './segment-plan.ts'

/** What the connections of one file share. */
export interface FileFetch {
  readonly request: TransferRequest
  readonly part: PartFile
  readonly plan: SegmentPlan
  readonly link: FileLink
  /** Host of the lasting address, by which its habits are remembered. */
  readonly host: string
  readonly hosts: HostMemory
  readonly buffers: BufferPool
  readonly clock: Pick<Clock, 'monotonicMs'>
  /** Bytes at most of a file whose size nobody tells. */
  readonly unknownSizeLimit: number
  /** Bytes at most that one request asks for. */
  readonly longestRange: number
  /** Answers in a row that were of no use. */
  uselessAnswers: number
  /** Nothing says which version the bytes are of that are there: no others may be put beside them. */
  isUnproven: boolean
  /** Useless answers made the file begin anew; a host that goes on like that cannot be used. */
  hasBegunAnew: boolean
}

/** One connection of a file, with what it is to bring. */
export interface Fetching {
  readonly segment: Segment
  readonly signal: AbortSignal
  /** Called when bytes are about to come. */
  readonly onAnswer: (head: ResponseHead) => void
  /** Whether no other connection is at work: only then may bytes be given up. */
  readonly isAlone: () => boolean
}

/** After so many useless answers in a row a partial file begins anew, and one at its start fails. */
const USELESS_LIMIT = 2

/**
 * Asks for the bytes that a segment lacks, and keeps as many as the host sends in one
 * answer; there may be more to ask for. A host that cannot continue a file begins it anew.
 *
 * @throws WindlassError as {@link checkRangeAnswer}, {@link FileLink.open} and
 *   {@link receiveBody} do; RANGE_MISMATCH when the host keeps sending other bytes,
 *   RANGE_UNSUPPORTED when it sends the whole file to one of several connections,
 *   SIZE_MISMATCH when it sends a longer file
 */
export async function fetchRange(fetch: FileFetch, fetching: Fetching): Promise<void> {
  const { segment, signal } = fetching
  const asked = askedRange(fetch, segment)
  const response = await fetch.link.open(requestHeaders(fetch, asked), signal)
  const verdict = await examine(fetch, asked, response)
  switch (verdict.kind) {
    case 'body':
      if (mayBeJoined(fetch, fetching, verdict)) {
        return receive(fetch, { response, verdict, fetching })
      }
      response.body.destroy()
      return refuseUnproven(fetch, fetching)
    case 'whole':
      await beginAnew(fetch, fetching, response.body)
      return receive(fetch, { response, verdict, fetching })
    case 'complete':
      response.body.destroy()
      return learnSize(fetch, verdict.total)
    case 'ask-plainly':
      response.body.destroy()
      return fetch.hosts.noteMisreadIfRange(fetch.host)
    case 'useless':
      response.body.destroy()
      return askAgain(fetch, fetching, verdict.error)
  }
}

function askedRange(fetch: FileFetch, { position: start, end: last }: Segment): AskedRange {
  const conditional =
    start > 0 && fetch.request.file.validator !== null && !fetch.hosts.misreadsIfRange(fetch.host)
  const end = last === Number.MAX_SAFE_INTEGER ? null : Math.min(last, start + fetch.longestRange)
  return { start, end, conditional }
}

function requestHeaders({ request }: FileFetch, asked: AskedRange): Record<string, string> {
  const { validator } = request.file
  return {
    range: formatRange(asked.start, asked.end),
    'accept-encoding': 'identity',
    ...(asked.conditional && validator !== null ? { 'if-range': validator } : {}),
    ...(request.bypassCaches ? { 'cache-control': 'no-cache' } : {}),
  }
}

async function examine(
  fetch: FileFetch,
  asked: AskedRange,
  response: HttpResponse,
): Promise<RangeVerdict> {
  const { path, validator, digest } = fetch.request.file
  const known = { path, validator, sizeBytes: fetch.part.sizeBytes, hasDigest: digest !== null }
  try {
    return checkRangeAnswer(asked, response, known)
  } catch (error) {
    const isPointer = isWindlassError(error, 'SIZE_MISMATCH') && (await isLfsPointer(response.body))
    response.body.destroy()
    throw isPointer ? pointerError(path) : error
  }
}

function pointerError(path: string): WindlassError {
  return new WindlassError('CONTENT_UNEXPECTED', {
    detail: `${path} is a pointer of Git LFS on the host`,
    hint: 'The file itself was never uploaded there. Ask the owner of the repository, then resume.',
  })
}

interface Incoming {
  readonly response: HttpResponse
  readonly verdict: Extract<RangeVerdict, { readonly kind: 'body' | 'whole' }>
  readonly fetching: Fetching
}

/** Two versions are never put together: a body of an unknown one is the only one there is. */
function mayBeJoined(
  { part, isUnproven }: FileFetch,
  { segment, isAlone }: Fetching,
  { isProven }: Incoming['verdict'],
): boolean {
  if (isProven) return !isUnproven
  return segment.position === 0 && part.receivedBytes === 0 && isAlone()
}

async function refuseUnproven(fetch: FileFetch, fetching: Fetching): Promise<void> {
  const { path } = fetch.request.file
  // Beside others it never will be of use: this host is for one connection.
  if (!fetching.isAlone()) throw new WindlassError('RANGE_UNSUPPORTED', { detail: path })
  const detail = `${path}: the host does not say of which version`
  await askAgain(fetch, fetching, new WindlassError('RANGE_MISMATCH', { detail }))
}

async function receive(fetch: FileFetch, incoming: Incoming): Promise<void> {
  const { response, verdict, fetching } = incoming
  const { segment } = fetching
  fetch.uselessAnswers = 0
  fetch.isUnproven = !verdict.isProven
  if (verdict.total !== null) learnSize(fetch, verdict.total)
  fetching.onAnswer(response)
  const { path } = fetch.request.file
  const { part, clock, buffers } = fetch
  const { body, url } = response
  const { tooLong } = await withinLimit(fetch, fetching, verdict, (plan, limited) =>
    receiveBody({
      ...{ part, plan, segment, body, url, clock, buffers, path, signal: limited },
      throttle: fetch.request.throttle,
      end: verdict.end,
    }).catch((error: unknown) => {
      throw namingHost(error, url)
    }),
  )
  if (verdict.end === null) {
    requireToldEnd(fetch, response)
    learnSize(fetch, segment.position)
  }
  // A host may send more than a range; a whole that is longer than the file is another file.
  if (!tooLong || response.status !== 200 || verdict.end !== verdict.total) return
  await giveUpBytes(fetch, fetching)
  throw new WindlassError('SIZE_MISMATCH', {
    detail: `${path} is longer than ${verdict.end} bytes`,
  })
}

/** A body that tells no end is left when it is longer than any file, and nothing of it is kept. */
async function withinLimit<T>(
  fetch: FileFetch,
  fetching: Fetching,
  { end }: Incoming['verdict'],
  receiving: (plan: BodyPlan, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { plan, request, unknownSizeLimit } = fetch
  if (end !== null) return receiving(plan, fetching.signal)
  return withChildSignal(fetching.signal, async (child) => {
    let isBeyond = false
    const leave = (): void => {
      isBeyond = true
      child.abort(new StopRequest('shutdown'))
    }
    try {
      return await receiving(boundedPlan(plan, unknownSizeLimit, leave), child.signal)
    } catch (error) {
      if (!isBeyond) throw error
      await giveUpBytes(fetch, fetching)
      const detail = `${request.file.path} goes on beyond ${formatBytes(unknownSizeLimit)}`
      throw new WindlassError('SIZE_LIMIT', { detail })
    }
  })
}

/**
 * A body with neither length nor chunks ends where the connection ends, and nobody can tell a
 * whole one from one that was cut off, over TLS neither: Node does not say whether `close_notify`
 * came. Only a digest can.
 */
function requireToldEnd({ request }: FileFetch, response: HttpResponse): void {
  const { path, digest } = request.file
  const isChunked = /\bchunked\b/i.test(headerOf(response, 'transfer-encoding') ?? '')
  if (isChunked || digest !== null) return
  throw new WindlassError('NET_SHORT_BODY', {
    detail: `${path}: the host does not say where the file ends`,
  })
}

function learnSize({ part, plan }: FileFetch, sizeBytes: number): void {
  if (part.sizeBytes !== null) return
  part.learnSize(sizeBytes)
  plan.learnSize(sizeBytes)
}

/** Gives up what is there for a body that starts at 0. */
async function beginAnew(
  fetch: FileFetch,
  fetching: Fetching,
  body?: HttpResponse['body'],
): Promise<void> {
  const { file, onNotice } = fetch.request
  try {
    // The others go on; what this one should have brought is for them.
    if (!fetching.isAlone()) throw new WindlassError('RANGE_UNSUPPORTED', { detail: file.path })
    const { message } = ERROR_CODES.RANGE_UNSUPPORTED
    onNotice({ code: 'RANGE_UNSUPPORTED', message, path: file.path })
    await giveUpBytes(fetch, fetching)
  } catch (error) {
    body?.destroy()
    throw error
  }
}

async function giveUpBytes(fetch: FileFetch, { segment, isAlone }: Fetching): Promise<void> {
  if (!isAlone()) return
  await fetch.part.restart()
  fetch.isUnproven = false
  fetch.plan.restart(segment, fetch.part.sizeBytes)
}

/** Useless bytes may come from one broken machine among many: the next link may lead to another. */
async function askAgain(fetch: FileFetch, fetching: Fetching, error: WindlassError): Promise<void> {
  fetch.link.forget()
  fetch.uselessAnswers += 1
  if (fetch.uselessAnswers < USELESS_LIMIT) return
  const { file } = fetch.request
  if (fetching.segment.position === 0 && fetch.part.receivedBytes === 0) throw error
  if (fetch.hasBegunAnew) throw new WindlassError('RANGE_UNSUPPORTED', { detail: file.path })
  fetch.uselessAnswers = 0
  fetch.hasBegunAnew = true
  await beginAnew(fetch, fetching)
}
