import type { IncomingMessage } from 'node:http'
import { parseRange } from './byte-range.ts'
import type { SeenRequest } from './reply.ts'

const MAX_REQUEST_BODY_BYTES = 1024 * 1024

/** The request as routes see it; `undefined` when its target is not validly encoded. */
export function seenRequest(message: IncomingMessage): SeenRequest | undefined {
  const target = parseTarget(message.url ?? '/')
  if (target === undefined) return undefined
  return {
    ...target,
    method: message.method ?? 'GET',
    headers: message.headers,
    range: parseRange(message.headers.range),
    body: () => readBody(message),
  }
}

async function readBody(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of message) {
    const bytes = Buffer.from(chunk)
    size += bytes.length
    if (size > MAX_REQUEST_BODY_BYTES) throw new RangeError('The request body is too large')
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}

function parseTarget(url: string): Pick<SeenRequest, 'segments' | 'query' | 'url'> | undefined {
  const mark = url.indexOf('?')
  const path = mark === -1 ? url : url.slice(0, mark)
  const query = new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1))
  try {
    return { url, segments: path.split('/').slice(1).map(decodeURIComponent), query }
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}
