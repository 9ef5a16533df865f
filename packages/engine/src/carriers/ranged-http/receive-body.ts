import { errors } from 'undici'
import { WindlassError } from '../../errors/windlass-error.ts'
import type { ByteMeter, Throttle } from '../../net/bandwidth/throttle.ts'
import type { HttpResponse } from '../../net/http-client.ts'
import type { Clock } from '../../runtime/clock.ts'
import { BatchWriter } from './batch-writer.ts'
import type { BodyPlan } from './bounded-plan.ts'
import type { PartFile } from './part-file.ts'
import type { Segment } from './segment-plan.ts'

/** How a body ends too early: the host closed the connection, or broke off the last chunk. */
const SHORT_BODY_CODES: ReadonlySet<string> = new Set([
  'UND_ERR_SOCKET',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_RESPONSE_CONTENT_LENGTH_MISMATCH',
])

export interface Receiving {
  readonly part: Pick<PartFile, 'write'>
  readonly plan: BodyPlan
  /** Where the body's bytes go: its first one to `position`, none beyond a moving `end`. */
  readonly segment: Segment
  readonly body: HttpResponse['body']
  /** Where the body comes from. */
  readonly url: URL
  readonly throttle: Throttle | undefined
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly path: string
  /** Where the body ends. Null when nobody knows: the body's end is the file's. */
  readonly end: number | null
  readonly signal: AbortSignal
}

export interface Received {
  /** The body went on beyond its end, and was left there. */
  readonly tooLong: boolean
}

/**
 * Writes one body to its place, as far as the segment goes. Whatever arrives before a
 * failure or a stop is kept: it is written and recorded before this rejects.
 *
 * @throws WindlassError NET_SHORT_BODY when the body ends before `end` and the segment's;
 *   the signal's reason; errors of the network and of the file system as they are
 */
export async function receiveBody(receiving: Receiving): Promise<Received> {
  const { end, path, segment, signal } = receiving
  const writer = new BatchWriter({ ...receiving, start: segment.position })
  const meter = receiving.throttle?.open(receiving.url, { signal })
  const { tooLong, failure } = await pump(receiving, writer, meter)
  meter?.close()
  await writer.flush()
  signal.throwIfAborted()
  // All bytes are there, however the answer ended after them.
  if (end !== null && segment.position >= Math.min(end, segment.end)) return { tooLong }
  if (failure !== null) throw shortBody(failure.error, path)
  if (end !== null) throw new WindlassError('NET_SHORT_BODY', { detail: path })
  return { tooLong }
}

interface Outcome extends Received {
  readonly failure: { readonly error: unknown } | null
}

const DONE: Outcome = { tooLong: false, failure: null }

/**
 * Reads until the body or its segment ends, it fails or is stopped. Takes each chunk as
 * it comes off the socket: one that waited in the stream would be lost with it when the
 * connection breaks, and several would be copied into one. Reads on when the disk is ready
 * and the limits allow it.
 */
function pump(
  receiving: Receiving,
  writer: BatchWriter,
  meter: ByteMeter | undefined,
): Promise<Outcome> {
  const { body, segment, signal } = receiving
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  const bodyEnd = receiving.end ?? Number.MAX_SAFE_INTEGER
  let isOver = false
  const finish = (outcome: Outcome): void => {
    // The segment may be in another body by then.
    if (isOver) return
    isOver = true
    body.off('data', take)
    signal.removeEventListener('abort', stop)
    segment.onCut = null
    resolve(outcome)
  }
  const leave = (outcome: Outcome): void => {
    finish(outcome)
    body.destroy()
  }
  const fail = (error: unknown): void => leave({ tooLong: false, failure: { error } })
  const stop = (): void => fail(signal.reason)
  /** Another connection took over what would come next. */
  const leaveIfCut = (): void => {
    if (segment.position >= segment.end && segment.position < bodyEnd) leave(DONE)
  }
  const take = (chunk: Buffer): void => {
    const { behind, over } = accept(receiving, writer, chunk)
    const turn = meter?.take(chunk.length) ?? null
    if (over !== null) leave(over)
    if (behind !== null || turn !== null) {
      body.pause()
      Promise.all([behind, turn]).then(() => body.resume(), fail)
    }
  }
  body.once('end', () => finish(DONE))
  body.once('error', (error) => {
    // What came while the disk was behind still is in the stream.
    const rest: Buffer | null = body.read()
    if (rest !== null && !isOver) take(rest)
    fail(error)
  })
  body.once('close', () => fail(new WindlassError('NET_SHORT_BODY')))
  signal.addEventListener('abort', stop, { once: true })
  segment.onCut = leaveIfCut
  if (signal.aborted) stop()
  // It broke while the part file was made ready for it, and will never say so again.
  else if (body.destroyed) fail(body.errored ?? new WindlassError('NET_SHORT_BODY'))
  else body.on('data', take)
  return promise
}

/**
 * Puts as much of a chunk into the segment as belongs there.
 * @returns what to wait for before more is read, and how the body is over if it is
 */
function accept(
  receiving: Receiving,
  writer: BatchWriter,
  chunk: Buffer,
): { readonly behind: Promise<void> | null; readonly over: Outcome | null } {
  const { segment, plan } = receiving
  const bodyEnd = receiving.end ?? Number.MAX_SAFE_INTEGER
  makeRoom(receiving, chunk.length)
  const room = Math.min(bodyEnd, segment.end) - segment.position
  const wanted = chunk.length <= room ? chunk : chunk.subarray(0, room)
  plan.arrived(segment, wanted.length)
  const behind = wanted.length > 0 ? writer.push(wanted) : null
  if (wanted.length < chunk.length) {
    return { behind, over: { tooLong: segment.position === bodyEnd, failure: null } }
  }
  const isFull = segment.position === segment.end && segment.position < bodyEnd
  return { behind, over: isFull && !plan.extend(segment) ? DONE : null }
}

/** A body that goes on may fill what nobody else fetches. */
function makeRoom({ segment, plan, end }: Receiving, bytes: number): void {
  const bodyEnd = end ?? Number.MAX_SAFE_INTEGER
  const wanted = Math.min(bodyEnd, segment.position + bytes)
  while (segment.end < wanted && plan.extend(segment));
}

function shortBody(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error
  const code = typeof error.code === 'string' ? error.code : ''
  // Chunks that cannot be read: undici gives its parser's errors no code.
  if (!(error instanceof errors.HTTPParserError) && !SHORT_BODY_CODES.has(code)) return error
  return new WindlassError('NET_SHORT_BODY', { detail: path, cause: error })
}
