import { createRandomBytes } from '../bytes/random-bytes.ts'
import type { VirtualBytes } from '../bytes/virtual-bytes.ts'
import { cappedRange } from '../faults/apply-fault.ts'
import { fileReply, type Reply, type SeenRequest } from '../faults/reply.ts'
import type { ChaosFileSettings, FileVersion } from './chaos-file.ts'
import { multipartReply, parseRanges } from './multi-range.ts'

/** The answer to one request for a virtual file: 200, 206 (in several parts too) or 416. */
export function serveFile(
  request: Pick<SeenRequest, 'range' | 'headers'>,
  version: FileVersion,
  settings: ChaosFileSettings,
): Reply {
  const bytes = createRandomBytes(version.seed, version.sizeBytes)
  const headers = headersOf(version, settings)
  const isWhole = settings.ranges === 'ignored' || !mayBePart(request, version, settings)
  return withoutUnwanted(reply(isWhole ? null : request, bytes, headers, settings), settings)
}

function reply(
  ranged: Pick<SeenRequest, 'range' | 'headers'> | null,
  bytes: VirtualBytes,
  headers: Readonly<Record<string, string>>,
  settings: ChaosFileSettings,
): Reply {
  const ranges = parseRanges(ranged?.headers.range)
  if (ranges.length > 1) return multipartReply(ranges, bytes, headers)
  // What If-Range means was decided before.
  const range = ranged?.range
  return cappedRange(fileReply({ range, headers: {} }, bytes, headers), settings.maxRangeBytes)
}

function headersOf(version: FileVersion, settings: ChaosFileSettings): Record<string, string> {
  return {
    ...(settings.contentType === undefined ? {} : { 'Content-Type': settings.contentType }),
    ...(version.etag === null ? {} : { ETag: version.etag }),
    ...(version.lastModified === null ? {} : { 'Last-Modified': version.lastModified }),
  }
}

/** RFC 9110 §13.1.5: a part only while the validator agrees, by strong comparison. */
function mayBePart(
  { headers }: Pick<SeenRequest, 'headers'>,
  { etag, lastModified }: FileVersion,
  { ifRange = 'honoured' }: ChaosFileSettings,
): boolean {
  const asked = headers['if-range']?.toString()
  if (asked === undefined || ifRange === 'ignored') return true
  if (ifRange === 'always-200') return false
  return !asked.startsWith('W/') && (asked === etag || asked === lastModified)
}

function withoutUnwanted(answer: Reply, settings: ChaosFileSettings): Reply {
  const { acceptRanges = 'bytes', length = 'stated' } = settings
  const { 'Accept-Ranges': _, ...rest } = answer.headers
  const headers = acceptRanges === null ? rest : { ...rest, 'Accept-Ranges': acceptRanges }
  if (answer.body === undefined || length === 'stated') return { ...answer, headers }
  const untilClose = length === 'until-close'
  return { ...answer, headers, body: { ...answer.body, hasLength: false, untilClose } }
}
