import { errors } from 'undici'
import { WindlassError } from '../../errors/windlass-error.ts'
import type { ByteMeter, Throttle } from '../../net/bandwidth/throttle.ts'
import type { HttpResponse } from '../../net/http-client.ts'
import type { Clock } from '../../runtime/clock.ts'
import { BatchWriter } from './batch-writer.ts'
import type { PartFile } from './part-file.ts'

/** How a body ends too early: the host closed the connection, or broke off the last chunk. */
const SHORT_BODY_CODES: ReadonlySet<string> = new Set([
  'UND_ERR_SOCKET',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_RESPONSE_CONTENT_LENGTH_MISMATCH',
])

export interface Receiving {
  readonly part: Pick<PartFile, 'write'>
  readonly body: HttpResponse['body']
  /** Where the body comes from. */
  readonly url: URL
  readonly throttle: Throttle | undefined
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly path: string
  readonly start: number
  /** No byte from here on is written. Null when nobody knows the end: the body's end is the file's. */
  readonly end: number | null
  readonly signal: AbortSignal
}

export interface Received {
  /** Behind the last byte. */
  readonly position: number
  /** The body went on beyond the end, and was left there. */
  readonly tooLong: boolean
}

/**
 * Writes one body to its place. Whatever arrives before a failure or a stop is kept:
 * it is written and recorded before this rejects.
 *
 * @throws WindlassError NET_SHORT_BODY when the body ends before `end`; the signal's
 *   reason; errors of the network and of the file system as they are
 */
export async function receiveBody(receiving: Receiving): Promise<Received> {
  const { end, path, signal } = receiving
  const writer = new BatchWriter(receiving)
  const meter = receiving.throttle?.open(receiving.url, { signal })
  const { position, tooLong, failure } = await pump(receiving, writer, meter)
  meter?.close()
  await writer.flush()
  signal.throwIfAborted()
  // All bytes are there, however the answer ended after them.
  if (end !== null && position === end) return { position, tooLong }
  if (failure !== null) throw shortBody(failure.error, path)
  if (end !== null) throw new WindlassError('NET_SHORT_BODY', { detail: path })
  return { position, tooLong }
}

interface Outcome extends Received {
  readonly failure: { readonly error: unknown } | null
}

/**
 * Reads until the body ends, fails, is stopped or says more than it may. Takes each chunk
 * as it comes off the socket: one that waited in the stream would be lost with it when the
 * connection breaks, and several would be copied into one. Reads on when the disk is ready
 * and the limits allow it.
 */
function pump(
  { body, start, end, signal }: Receiving,
  writer: BatchWriter,
  meter: ByteMeter | undefined,
): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  const limit = end ?? Number.MAX_SAFE_INTEGER
  let position = start
  const finish = (outcome: Omit<Outcome, 'position'>): void => {
    body.off('data', take)
    signal.removeEventListener('abort', stop)
    resolve({ position, ...outcome })
  }
  const fail = (error: unknown): void => {
    finish({ tooLong: false, failure: { error } })
    body.destroy()
  }
  const stop = (): void => fail(signal.reason)
  const take = (chunk: Buffer): void => {
    const wanted = chunk.length <= limit - position ? chunk : chunk.subarray(0, limit - position)
    position += wanted.length
    const behind = wanted.length > 0 ? writer.push(wanted) : null
    const turn = meter?.take(chunk.length) ?? null
    if (wanted.length < chunk.length) {
      finish({ tooLong: true, failure: null })
      body.destroy()
    } else if (behind !== null || turn !== null) {
      body.pause()
      Promise.all([behind, turn]).then(() => body.resume(), fail)
    }
  }
  body.once('end', () => finish({ tooLong: false, failure: null }))
  body.once('error', (error) => {
    // What came while the disk was behind still is in the stream.
    const rest: Buffer | null = body.read()
    if (rest !== null && !signal.aborted) take(rest)
    fail(error)
  })
  body.once('close', () => fail(new WindlassError('NET_SHORT_BODY')))
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  // It broke while the part file was made ready for it, and will never say so again.
  else if (body.destroyed) fail(body.errored ?? new WindlassError('NET_SHORT_BODY'))
  else body.on('data', take)
  return promise
}

function shortBody(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error
  const code = typeof error.code === 'string' ? error.code : ''
  // Chunks that cannot be read: undici gives its parser's errors no code.
  if (!(error instanceof errors.HTTPParserError) && !SHORT_BODY_CODES.has(code)) return error
  return new WindlassError('NET_SHORT_BODY', { detail: path, cause: error })
}
