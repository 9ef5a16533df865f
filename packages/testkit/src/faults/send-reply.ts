import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { createGzip } from 'node:zlib'
import { CHUNK_BYTES } from '../bytes/virtual-bytes.ts'
import type { FaultAction } from './fault-rule.ts'
import { closeUnclean, resetConnection } from './raw-socket.ts'
import type { Reply, ReplyBody } from './reply.ts'
import type { LogEntry, RequestEnd } from './request-log.ts'

/** Sends the answer as the fault wants it sent and notes what happened in `entry`. */
export async function sendReply(
  response: ServerResponse,
  reply: Reply,
  fault: FaultAction,
  entry: LogEntry,
): Promise<void> {
  entry.status = reply.status
  if (reply.body?.untilClose === true) {
    response.useChunkedEncodingByDefault = false
    response.shouldKeepAlive = false
  }
  response.writeHead(reply.status, wireHeaders(reply, fault))
  if (entry.method === 'HEAD' || reply.body === undefined) {
    entry.end = (await endsWell(response)) ? 'complete' : 'client-closed'
    return
  }
  response.flushHeaders()
  entry.end = await sendBody(response, reply.body, fault, entry)
}

function wireHeaders(reply: Reply, fault: FaultAction): Record<string, string> {
  const { body } = reply
  if (body === undefined) return { ...reply.headers, 'Content-Length': '0' }
  if (body.gzip) return { ...reply.headers, 'Content-Encoding': 'gzip' }
  if (!body.hasLength) return { ...reply.headers }
  const length = Math.max(0, body.end - body.start) + (fault.lieLength ?? 0)
  return { ...reply.headers, 'Content-Length': String(length) }
}

interface Stop {
  readonly at: number
  readonly end: RequestEnd
  readonly unclean: boolean
}

function stopOf(fault: FaultAction): Stop {
  const unclean = fault.unclean === true
  const stops: Stop[] = [
    { at: fault.cutAt ?? Number.POSITIVE_INFINITY, end: 'cut', unclean },
    { at: fault.rstAt ?? Number.POSITIVE_INFINITY, end: 'reset', unclean },
    { at: fault.stallAt ?? Number.POSITIVE_INFINITY, end: 'stalled', unclean },
    { at: fault.truncateClean ?? Number.POSITIVE_INFINITY, end: 'truncated', unclean },
  ]
  const never: Stop = { at: Number.POSITIVE_INFINITY, end: 'complete', unclean }
  return stops.reduce((first, stop) => (stop.at < first.at ? stop : first), never)
}

async function sendBody(
  response: ServerResponse,
  body: ReplyBody,
  fault: FaultAction,
  entry: LogEntry,
): Promise<RequestEnd> {
  const stop = stopOf(fault)
  const pace = createPace(fault.bytesPerSecond)
  for await (const chunk of pieces(body, pace.pieceBytes)) {
    const room = stop.at - entry.bytesSent
    const part = chunk.length < room ? chunk : chunk.subarray(0, room)
    await pace.wait(part.length)
    if (response.destroyed) return 'client-closed'
    entry.bytesSent += part.length
    if (part.length > 0 && !(await write(response, part))) return 'client-closed'
    if (entry.bytesSent >= stop.at) return endEarly(response, stop, entry)
  }
  if (stop.at === 0) return endEarly(response, stop, entry)
  // A length that promised more than there was is a cut for the client, so it must be one for us.
  if ((fault.lieLength ?? 0) > 0) return endEarly(response, { ...stop, end: 'cut' }, entry)
  return (await endsWell(response)) ? 'complete' : 'client-closed'
}

async function endEarly(
  response: ServerResponse,
  { end, unclean }: Stop,
  entry: LogEntry,
): Promise<RequestEnd> {
  if (end === 'cut' && unclean) closeUnclean(response.socket)
  else if (end === 'cut') response.destroy()
  else if (end === 'reset') resetConnection(response.socket)
  else if (end === 'truncated') await endsWell(response)
  else if (end === 'stalled') {
    entry.end = 'stalled'
    await closed(response)
  }
  return end
}

async function* pieces(body: ReplyBody, pieceBytes: number): AsyncIterable<Buffer> {
  const plain = body.bytes.read(body.start, body.end)
  const source = body.gzip ? Readable.from(plain).pipe(createGzip()) : plain
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length; at += pieceBytes) {
      yield chunk.subarray(at, at + pieceBytes)
    }
  }
}

interface Pace {
  readonly pieceBytes: number
  /** Waits until `bytes` more may be sent. */
  wait(bytes: number): Promise<void>
}

/** Even sending at the given rate, in pieces of a fiftieth of a second. */
function createPace(bytesPerSecond: number | undefined): Pace {
  if (bytesPerSecond === undefined) {
    return { pieceBytes: CHUNK_BYTES, wait: async () => undefined }
  }
  const startedAt = performance.now()
  let allowed = 0
  return {
    pieceBytes: Math.max(1, Math.min(CHUNK_BYTES, Math.floor(bytesPerSecond / 50))),
    async wait(bytes) {
      allowed += bytes
      const dueMs = startedAt + (allowed / bytesPerSecond) * 1000 - performance.now()
      if (dueMs > 1) await delay(dueMs)
    },
  }
}

/** Resolves when the kernel took the bytes; false when the connection is gone. */
function write(response: ServerResponse, chunk: Buffer): Promise<boolean> {
  return untilClosed(response, (done) => {
    response.write(chunk, (error) => done(error === null || error === undefined))
  })
}

function endsWell(response: ServerResponse): Promise<boolean> {
  return untilClosed(response, (done) => {
    response.end(() => done(true))
  })
}

function closed(response: ServerResponse): Promise<boolean> {
  return untilClosed(response, () => undefined)
}

function untilClosed(
  response: ServerResponse,
  start: (done: (well: boolean) => void) => void,
): Promise<boolean> {
  if (response.destroyed) return Promise.resolve(false)
  return new Promise((resolve) => {
    const onClose = (): void => resolve(false)
    response.once('close', onClose)
    start((well) => {
      response.off('close', onClose)
      resolve(well)
    })
  })
}
