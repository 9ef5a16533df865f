import { ERROR_CODES } from '@windlass/contract'
import { WindlassError } from '../../errors/windlass-error.ts'
import type { HttpResponse } from '../../net/http-client.ts'
import { headerOf } from '../../net/response-head.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { TransferRequest } from '../carrier.ts'
import { type AskedRange, checkRangeAnswer, type RangeVerdict } from './check-range-answer.ts'
import { formatRange } from './content-range.ts'
import type { FileLink } from './file-link.ts'
import type { HostMemory } from './host-memory.ts'
import type { PartFile } from './part-file.ts'
import { receiveBody } from './receive-body.ts'

/** What the connections of one file share. */
export interface FileFetch {
  readonly request: TransferRequest
  readonly part: PartFile
  readonly link: FileLink
  /** Host of the lasting address, by which its habits are remembered. */
  readonly host: string
  readonly hosts: HostMemory
  readonly clock: Pick<Clock, 'monotonicMs'>
  /** Answers in a row that were of no use. */
  uselessAnswers: number
}

/** After so many useless answers in a row a partial file begins anew, and one at its start fails. */
const USELESS_LIMIT = 2

/**
 * Asks for the bytes from `hole.start` on, and keeps as many as the host sends in one
 * answer; there may be more to ask for. A host that cannot continue a file begins it anew.
 *
 * @throws WindlassError as {@link checkRangeAnswer}, {@link FileLink.open} and
 *   {@link receiveBody} do; RANGE_MISMATCH when the host keeps sending other bytes,
 *   SIZE_MISMATCH when it sends a longer file
 */
export async function fetchRange(
  fetch: FileFetch,
  hole: { readonly start: number; readonly end: number | null },
  signal: AbortSignal,
): Promise<void> {
  const ifRange = validatorToSend(fetch, hole.start)
  const response = await fetch.link.open(requestHeaders(fetch, hole, ifRange), signal)
  const verdict = examine(fetch, { ...hole, conditional: ifRange !== null }, response)
  switch (verdict.kind) {
    case 'body':
      return receive(fetch, { response, verdict, start: hole.start, signal })
    case 'whole':
      await beginAnew(fetch, response.body)
      return receive(fetch, { response, verdict, start: 0, signal })
    case 'complete':
      response.body.destroy()
      return fetch.part.learnSize(verdict.total)
    case 'ask-plainly':
      response.body.destroy()
      return fetch.hosts.noteMisreadIfRange(fetch.host)
    case 'useless':
      response.body.destroy()
      return askAgain(fetch, hole.start, verdict.error)
  }
}

function validatorToSend(fetch: FileFetch, start: number): string | null {
  if (start === 0 || fetch.hosts.misreadsIfRange(fetch.host)) return null
  return fetch.request.file.validator
}

function requestHeaders(
  { request }: FileFetch,
  hole: { readonly start: number; readonly end: number | null },
  ifRange: string | null,
): Record<string, string> {
  return {
    range: formatRange(hole.start, hole.end),
    'accept-encoding': 'identity',
    ...(ifRange === null ? {} : { 'if-range': ifRange }),
    ...(request.bypassCaches ? { 'cache-control': 'no-cache' } : {}),
  }
}

function examine(fetch: FileFetch, asked: AskedRange, response: HttpResponse): RangeVerdict {
  const { path, validator } = fetch.request.file
  try {
    return checkRangeAnswer(asked, response, { path, validator, sizeBytes: fetch.part.sizeBytes })
  } catch (error) {
    response.body.destroy()
    throw error
  }
}

interface Incoming {
  readonly response: HttpResponse
  readonly verdict: Extract<RangeVerdict, { readonly kind: 'body' | 'whole' }>
  readonly start: number
  readonly signal: AbortSignal
}

async function receive(fetch: FileFetch, incoming: Incoming): Promise<void> {
  const { response, verdict, start, signal } = incoming
  fetch.uselessAnswers = 0
  if (verdict.total !== null) fetch.part.learnSize(verdict.total)
  const { path } = fetch.request.file
  const { position, tooLong } = await receiveBody({
    part: fetch.part,
    body: response.body,
    url: response.url,
    throttle: fetch.request.throttle,
    clock: fetch.clock,
    path,
    start,
    end: verdict.end,
    signal,
  })
  if (verdict.end === null) {
    requireToldEnd(fetch, response)
    fetch.part.learnSize(position)
  }
  // A host may send more than a range; a whole that is longer than the file is another file.
  if (!tooLong || response.status !== 200 || verdict.end !== verdict.total) return
  await fetch.part.restart()
  throw new WindlassError('SIZE_MISMATCH', {
    detail: `${path} is longer than ${verdict.end} bytes`,
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

/** Gives up what is there for a body that starts at 0. */
async function beginAnew(fetch: FileFetch, body?: HttpResponse['body']): Promise<void> {
  const { file, onNotice } = fetch.request
  const { message } = ERROR_CODES.RANGE_UNSUPPORTED
  onNotice({ code: 'RANGE_UNSUPPORTED', message, path: file.path })
  try {
    await fetch.part.restart()
  } catch (error) {
    body?.destroy()
    throw error
  }
}

/** Useless bytes may come from one broken machine among many: the next link may lead to another. */
async function askAgain(fetch: FileFetch, start: number, error: WindlassError): Promise<void> {
  fetch.link.forget()
  fetch.uselessAnswers += 1
  if (fetch.uselessAnswers < USELESS_LIMIT) return
  if (start === 0) throw error
  fetch.uselessAnswers = 0
  await beginAnew(fetch)
}
