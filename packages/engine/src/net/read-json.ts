import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { z } from 'zod'
import { WindlassError } from '../errors/windlass-error.ts'
import type { HttpResponse } from './http-client.ts'
import { redactUrl } from './redact-url.ts'
import { headerOf } from './response-head.ts'

const MOST_BYTES = 32 * 1024 * 1024
const unzip = promisify(gunzip)

/**
 * Reads an answer's body as JSON and checks its shape.
 * @param options.maxBytes the most that is taken, also after decoding; 32 MiB when absent
 * @throws WindlassError METADATA_TOO_LARGE, ENCODING_UNEXPECTED, and HTTP_PROTOCOL when it
 *   is not JSON or not of that shape. Failures of the network pass through.
 */
export async function readJson<T>(
  response: HttpResponse,
  options: { readonly schema: z.ZodType<T>; readonly maxBytes?: number },
): Promise<T> {
  const maxBytes = options.maxBytes ?? MOST_BYTES
  const received = await readBody(response, maxBytes)
  const decoded = await decode(response, received, maxBytes)
  const result = options.schema.safeParse(parse(response, decoded))
  if (result.success) return result.data
  const where = result.error.issues[0]?.path.join('.') ?? ''
  throw new WindlassError('HTTP_PROTOCOL', {
    detail: `${redactUrl(response.url)} sent JSON of another shape${where === '' ? '' : ` at ${where}`}`,
    cause: result.error,
  })
}

async function readBody(response: HttpResponse, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response.body) {
    size += chunk.length
    // Leaving the loop destroys the body, which closes the connection.
    if (size > maxBytes) throw tooLarge(response, maxBytes)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, size)
}

/** We ask for `identity`, but some caches answer with gzip all the same. */
async function decode(response: HttpResponse, body: Buffer, maxBytes: number): Promise<Buffer> {
  const encoding = headerOf(response, 'content-encoding')?.trim().toLowerCase() ?? 'identity'
  if (encoding === 'identity' || encoding === '') return body
  const detail = `${redactUrl(response.url)} sent ${encoding.slice(0, 40)}`
  if (encoding !== 'gzip') throw new WindlassError('ENCODING_UNEXPECTED', { detail })
  try {
    return await unzip(body, { maxOutputLength: maxBytes })
  } catch (cause) {
    // Node's own code for an output beyond `maxOutputLength`.
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(response, maxBytes)
    throw new WindlassError('HTTP_PROTOCOL', { detail: `${detail} that is damaged`, cause })
  }
}

function parse(response: HttpResponse, body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch (cause) {
    const detail = `${redactUrl(response.url)} sent something else than JSON`
    throw new WindlassError('HTTP_PROTOCOL', { detail, cause })
  }
}

function tooLarge(response: HttpResponse, maxBytes: number): WindlassError {
  return new WindlassError('METADATA_TOO_LARGE', {
    detail: `${redactUrl(response.url)} sent more than ${maxBytes} bytes`,
  })
}
