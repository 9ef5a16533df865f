import type { Readable } from 'node:stream'
import { WindlassError } from '../errors/windlass-error.ts'
import { freeChunk } from './free-chunk.ts'
import { iterateBody } from './iterate-body.ts'
import type { BodySink, ResponseBody } from './response-body.ts'

type UndiciBody = Readable & { dump(options: { limit: number }): Promise<void> }

const MOST_DISCARDED_BYTES = 16 * 1024

/** A body that undici reads. */
export function streamBody(stream: UndiciBody): ResponseBody {
  // Who takes the body meets its errors; a body that nobody reads must not end the process.
  stream.on('error', () => {})
  const body = {
    pour: (sink: BodySink) => pour(stream, sink),
    discard: () => void stream.dump({ limit: MOST_DISCARDED_BYTES }),
    destroy: () => void stream.destroy(),
  }
  return { ...body, [Symbol.asyncIterator]: () => iterateBody(body) }
}

/**
 * Takes each chunk as it comes off the socket: one that waited in the stream would be lost
 * with it when the connection breaks, and several would be copied into one.
 */
function pour(stream: UndiciBody, sink: BodySink): void {
  let isOver = false
  const finish = (tell: () => void): void => {
    if (isOver) return
    isOver = true
    stream.off('data', take)
    tell()
  }
  const end = (): void => finish(() => sink.ended())
  const fail = (error: unknown): void => finish(() => sink.failed(error))
  const take = (chunk: Buffer): void => {
    const turn = fill(sink, chunk, end)
    freeChunk(chunk)
    if (isOver) stream.destroy()
    else if (turn !== null) {
      stream.pause()
      // Whoever gave the promise knows what to do when it fails.
      turn.then(
        () => stream.resume(),
        () => {},
      )
    }
  }
  stream.once('end', end)
  stream.once('error', (error) => {
    // What came while the sink was behind still is in the stream.
    const rest: Buffer | null = stream.read()
    if (rest !== null && !isOver) take(rest)
    fail(error)
  })
  stream.once('close', () => fail(new WindlassError('NET_SHORT_BODY')))
  // It broke before anybody listened, and will never say so again.
  if (stream.destroyed) fail(stream.errored ?? new WindlassError('NET_SHORT_BODY'))
  else stream.on('data', take)
}

/** @returns what to wait for before more is put into the sink */
function fill(sink: BodySink, chunk: Buffer, end: () => void): Promise<unknown> | null {
  let turn: Promise<unknown> | null = null
  for (let taken = 0; taken < chunk.length; ) {
    const room = sink.room()
    if (room === null) {
      end()
      break
    }
    const piece = chunk.subarray(taken, taken + room.length)
    room.set(piece)
    taken += piece.length
    turn = sink.filled(piece.length) ?? turn
  }
  return turn
}
