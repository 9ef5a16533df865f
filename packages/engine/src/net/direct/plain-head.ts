/** The head of an answer whose body is so many bytes, and nothing else. */
export interface PlainHead {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly bodyBytes: number
  /** Whether the connection may serve another request, and for how long the host keeps it then. */
  readonly keepAlive: { readonly hostSeconds: number | null } | null
  /** Where the head ends. */
  readonly headBytes: number
}

/** Not plain: chunked, without a length, malformed or just strange. Somebody else must read it. */
export type HeadVerdict = PlainHead | 'incomplete' | 'not-plain'

export const MAX_HEAD_BYTES = 64 * 1024
const MAX_FIELDS = 256
const HEAD_END = Buffer.from('\r\n\r\n')
const START = 'HTTP/1.1 '
const STATUS_LINE = /^HTTP\/1\.1 ([1-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/
/** RFC 9110 §5.1 and §5.5; a folded line, a bare CR or LF and a NUL do not fit. */
const FIELD = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[\t ]*([\t\x20-\x7e\x80-\xff]*?)[\t ]*$/
const LENGTH = /^\d{1,15}$/
/** These answers have no body whatever they say (RFC 9112 §6.3), or end HTTP. */
const BODILESS: ReadonlySet<number> = new Set([101, 204, 205, 304])

/**
 * Reads the head at the start of `bytes`, behind any interim ones. Stricter than any HTTP
 * parser has to be: what it takes for plain, every other parser understands the same way.
 */
export function readPlainHead(
  bytes: Buffer,
  { method }: { readonly method: 'GET' | 'HEAD' },
): HeadVerdict {
  let start = 0
  for (;;) {
    const opening = bytes.toString('latin1', start, start + START.length)
    if (!START.startsWith(opening)) return 'not-plain'
    const end = bytes.indexOf(HEAD_END, start)
    if (end < 0 || end > MAX_HEAD_BYTES) {
      return bytes.length > MAX_HEAD_BYTES ? 'not-plain' : 'incomplete'
    }
    const headBytes = end + HEAD_END.length
    const verdict = readOne(bytes.toString('latin1', start, end), { method, headBytes })
    if (verdict !== 'interim') return verdict
    start = headBytes
  }
}

function readOne(
  text: string,
  { method, headBytes }: { readonly method: 'GET' | 'HEAD'; readonly headBytes: number },
): PlainHead | 'interim' | 'not-plain' {
  const [statusLine = '', ...lines] = text.split('\r\n')
  const status = Number(STATUS_LINE.exec(statusLine)?.[1] ?? 0)
  if (status === 0 || BODILESS.has(status) || lines.length > MAX_FIELDS) return 'not-plain'
  const headers = readFields(lines)
  if (headers === null) return 'not-plain'
  if (status < 200) return 'interim'
  const length = headers['content-length']
  const hasOther = 'transfer-encoding' in headers || 'upgrade' in headers || 'trailer' in headers
  if (hasOther || typeof length !== 'string' || !LENGTH.test(length)) return 'not-plain'
  const bodyBytes = method === 'HEAD' ? 0 : Number(length)
  return { status, headers, bodyBytes, keepAlive: readKeepAlive(headers), headBytes }
}

function readFields(lines: readonly string[]): Record<string, string | string[]> | null {
  const headers: Record<string, string | string[]> = Object.create(null)
  for (const line of lines) {
    const [, name, value] = FIELD.exec(line) ?? []
    if (name === undefined || value === undefined) return null
    const key = name.toLowerCase()
    const before = headers[key]
    if (before === undefined) headers[key] = value
    else if (typeof before === 'string') headers[key] = [before, value]
    else before.push(value)
  }
  return headers
}

function readKeepAlive(headers: PlainHead['headers']): PlainHead['keepAlive'] {
  const connection = [headers['connection'] ?? []].flat().join(',')
  if (connection !== '' && !/^keep-alive$/i.test(connection.trim())) return null
  const hint = [headers['keep-alive'] ?? []].flat().join(',')
  const seconds = /(?:^|[\s,;])timeout=(\d{1,9})\b/i.exec(hint)?.[1]
  return { hostSeconds: seconds === undefined ? null : Number(seconds) }
}
