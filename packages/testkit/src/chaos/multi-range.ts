import {
  bytesInMemory,
  concatBytes,
  sliceBytes,
  type VirtualBytes,
} from '../bytes/virtual-bytes.ts'
import { parseRange, type RequestedRange, spanOf } from '../faults/byte-range.ts'
import type { Reply } from '../faults/reply.ts'

const BOUNDARY = 'windlass-chaos-part'

/** All ranges of a `Range` header, in order; none when one of them cannot be read. */
export function parseRanges(header: string | undefined): readonly RequestedRange[] {
  const list = /^bytes=(.+)$/.exec(header?.trim() ?? '')?.[1]?.split(',') ?? []
  const ranges = list.flatMap((text) => parseRange(`bytes=${text.trim()}`) ?? [])
  return ranges.length === list.length ? ranges : []
}

/** 206 `multipart/byteranges`, or 416 when no range lies in the file (RFC 9110 §14.6). */
export function multipartReply(
  ranges: readonly RequestedRange[],
  bytes: VirtualBytes,
  headers: Readonly<Record<string, string>>,
): Reply {
  const { sizeBytes } = bytes
  const spans = ranges.flatMap((range) => spanOf(range, sizeBytes) ?? [])
  if (spans.length === 0) {
    return { status: 416, headers: { 'Content-Range': `bytes */${sizeBytes}` } }
  }
  const parts = spans.flatMap(({ start, end }) => {
    const head =
      `\r\n--${BOUNDARY}\r\nContent-Type: application/octet-stream\r\n` +
      `Content-Range: bytes ${start}-${end - 1}/${sizeBytes}\r\n\r\n`
    return [bytesInMemory(head), sliceBytes(bytes, start, end)]
  })
  const whole = concatBytes([...parts, bytesInMemory(`\r\n--${BOUNDARY}--\r\n`)])
  return {
    status: 206,
    headers: { ...headers, 'Content-Type': `multipart/byteranges; boundary=${BOUNDARY}` },
    body: { bytes: whole, start: 0, end: whole.sizeBytes, hasLength: true, gzip: false },
  }
}
