import { createRandomBytes } from '../bytes/random-bytes.ts'
import { withFlippedBit } from '../bytes/virtual-bytes.ts'
import type { FaultAction, WrongContentRange } from './fault-rule.ts'
import { type Reply, type ReplyBody, textReply } from './reply.ts'

/** The answer that replaces the route's own, if the fault is one that does. */
export function replacementReply(fault: FaultAction): Reply | undefined {
  if (fault.expire === true) return expiredReply(new Date())
  if (fault.redirect !== undefined) return textReply(302, '', { Location: fault.redirect })
  if (fault.status !== undefined) return textReply(fault.status, fault.body ?? '')
  return undefined
}

/** What S3 and the Hub's bridge answer to a signed URL after its time. */
export function expiredReply(now: Date): Reply {
  const xml =
    '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code>' +
    '<Message>Request has expired</Message>' +
    `<ServerTime>${now.toISOString()}</ServerTime></Error>`
  return textReply(403, xml, { 'Content-Type': 'application/xml' })
}

/** The answer with its headers and content made wrong; how it is delivered comes after. */
export function alterReply(reply: Reply, fault: FaultAction): Reply {
  const body = reply.body === undefined ? undefined : alterBody(reply.body, fault)
  const altered = { ...reply, ...(body === undefined ? {} : { body }) }
  const ranged = alterRange(cappedRange(altered, fault.maxRangeBytes), fault)
  return { ...ranged, headers: alterHeaders(ranged.headers, fault.headers ?? {}) }
}

function alterBody(body: ReplyBody, fault: FaultAction): ReplyBody {
  let bytes = body.bytes
  if (fault.serveOther !== undefined) bytes = createRandomBytes(fault.serveOther, bytes.sizeBytes)
  if (fault.flipBitAt !== undefined) bytes = withFlippedBit(bytes, fault.flipBitAt)
  const gzip = body.gzip || fault.gzip === true
  const hasLength = body.hasLength && !gzip && fault.truncateClean === undefined
  return { ...body, bytes, gzip, hasLength }
}

/** A 206 with no more than `maxBytes` bytes; any other answer as it is. */
export function cappedRange(reply: Reply, maxBytes = Number.POSITIVE_INFINITY): Reply {
  const { body } = reply
  if (reply.status !== 206 || body === undefined || body.end - body.start <= maxBytes) return reply
  const end = body.start + maxBytes
  const contentRange = `bytes ${body.start}-${end - 1}/${body.bytes.sizeBytes}`
  const headers = { ...reply.headers, 'Content-Range': contentRange }
  return { ...reply, headers, body: { ...body, end } }
}

function alterRange(reply: Reply, fault: FaultAction): Reply {
  const wrong = fault.wrongContentRange
  if (wrong === undefined || reply.status !== 206 || reply.body === undefined) return reply
  const { 'Content-Range': _, ...headers } = reply.headers
  const start = Math.min(reply.body.start + (wrong.shiftBytes ?? 0), reply.body.end - 1)
  const end = wrong.toTheEnd === true ? reply.body.bytes.sizeBytes : reply.body.end
  const body = { ...reply.body, start, end }
  if (wrong.omit === true) return { ...reply, headers, body }
  return { ...reply, headers: { ...headers, 'Content-Range': wrongHeader(body, wrong) }, body }
}

function wrongHeader(body: ReplyBody, wrong: WrongContentRange): string {
  const lie = wrong.lieBytes ?? 0
  return `bytes ${body.start + lie}-${body.end - 1 + lie}/${wrong.total ?? body.bytes.sizeBytes}`
}

function alterHeaders(
  headers: Readonly<Record<string, string>>,
  changes: Readonly<Record<string, string | null>>,
): Record<string, string> {
  const altered: Record<string, string> = {}
  const replaced = new Set(Object.keys(changes).map((name) => name.toLowerCase()))
  for (const [name, value] of Object.entries(headers)) {
    if (!replaced.has(name.toLowerCase())) altered[name] = value
  }
  for (const [name, value] of Object.entries(changes)) {
    if (value !== null) altered[name] = value
  }
  return altered
}
