import { errors } from 'undici'
import { WindlassError } from '../../errors/windlass-error.ts'
import type { ByteMeter, Throttle } from '../../net/bandwidth/throttle.ts'
import type { HttpResponse } from '../../net/http-client.ts'
import type { Clock } from '../../runtime/clock.ts'
import { BatchWriter } from './batch-writer.ts'
import type { BodyPlan } from './bounded-plan.ts'
import type { BufferPool } from './buffer-pool.ts'
import type { PartFile } from './part-file.ts'
import type { Segment } from './segment-plan.ts'

/** How a body ends too early: the host closed the connection, or broke off the last chunk. */
const SHORT_BODY_CODES: ReadonlySet<string> = new Set([
  'UND_ERR_SOCKET',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_RESPONSE_CONTENT_LENGTH_MISMATCH',
])

export interface Receiving {
  readonly part: Pick<PartFile, 'write' | 'join'>
  readonly plan: BodyPlan
  /** Where the body's bytes go: its first one to `position`, none beyond a moving `end`. */
  readonly segment: Segment
  readonly body: HttpResponse['body']
  /** Where the body comes from. */
  readonly url: URL
  readonly throttle: Throttle | undefined
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly buffers: BufferPool
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
  const { end, path, part, segment, signal } = receiving
  const writer = new BatchWriter({ ...receiving, start: segment.position })
  const meter = receiving.throttle?.open(receiving.url, { signal })
  const leave = part.join()
  const { tooLong, failure } = await pump(receiving, writer, meter)
  meter?.close()
  try {
    await writer.flush()
  } finally {
    await leave()
  }
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
 * Reads until the body or its segment ends, it fails or is stopped. Reads on when the disk
 * is ready and the limits allow it.
 */
function pump(
  receiving: Receiving,
  writer: BatchWriter,
  meter: ByteMeter | undefined,
): Promise<Outcome> {
  const { body, plan, segment, signal } = receiving
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  const bodyEnd = receiving.end ?? Number.MAX_SAFE_INTEGER
  let isOver = false
  let tooLong = false
  const finish = (outcome: Outcome): void => {
    // The segment may be in another body by then.
    if (isOver) return
    isOver = true
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
  const left = (): number => Math.min(bodyEnd, segment.end) - segment.position
  /** What would come next is another connection's. */
  const leaveIfFull = (): void => {
    if (left() <= 0 && segment.position < bodyEnd) leave(DONE)
  }
  const room = (): Buffer | null => {
    const most = Math.min(left(), meter?.pieceBytes ?? Number.MAX_SAFE_INTEGER)
    tooLong = !isOver && segment.position === bodyEnd
    return isOver || most <= 0 ? null : writer.room().subarray(0, most)
  }
  const filled = (bytes: number): Promise<unknown> | null => {
    // What came after its place was given to another connection.
    const wanted = Math.min(bytes, left())
    plan.arrived(segment, wanted)
    const behind = wanted > 0 ? writer.filled(wanted) : null
    const turn = meter?.take(bytes) ?? null
    if (left() <= 0 && segment.position < bodyEnd) plan.extend(segment)
    leaveIfFull()
    if (behind === null && turn === null) return null
    const ready = Promise.all([behind, turn])
    ready.catch(fail)
    return ready
  }
  signal.addEventListener('abort', stop, { once: true })
  segment.onCut = leaveIfFull
  if (signal.aborted) stop()
  else body.pour({ room, filled, ended: () => finish({ tooLong, failure: null }), failed: fail })
  return promise
}

function shortBody(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error
  const code = typeof error.code === 'string' ? error.code : ''
  // Chunks that cannot be read: undici gives its parser's errors no code.
  if (!(error instanceof errors.HTTPParserError) && !SHORT_BODY_CODES.has(code)) return error
  return new WindlassError('NET_SHORT_BODY', { detail: path, cause: error })
}
