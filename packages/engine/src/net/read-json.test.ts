import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { z } from 'zod'
import type { HttpResponse } from './http-client.ts'
import { readJson } from './read-json.ts'
import { streamBody } from './stream-body.ts'

const bodyOf = (stream: Readable) =>
  streamBody(Object.assign(stream, { dump: async (): Promise<void> => {} }))

const schema = z.object({ sha: z.string() })

function answer(body: string | Buffer, headers: Record<string, string> = {}): HttpResponse {
  return {
    url: new URL('https://h/api?token=secret'),
    status: 200,
    headers,
    body: bodyOf(Readable.from([Buffer.from(body)])),
  }
}

it('gives what fits the schema, also from gzip', async () => {
  expect(await readJson(answer('{"sha":"a"}'), { schema })).toEqual({ sha: 'a' })
  const packed = answer(gzipSync('{"sha":"a"}'), { 'content-encoding': 'gzip' })
  expect(await readJson(packed, { schema })).toEqual({ sha: 'a' })
})

it.each([
  ['<html>', {}, 'HTTP_PROTOCOL'],
  ['{"sha":1}', {}, 'HTTP_PROTOCOL'],
  ['{"sha":"a"}', { 'content-encoding': 'br' }, 'ENCODING_UNEXPECTED'],
  ['{"sha":"a"}', { 'content-encoding': 'gzip' }, 'HTTP_PROTOCOL'],
])('refuses %s with %o as %s', async (body, headers, code) => {
  const reading = readJson(answer(body, headers), { schema })
  await expect(reading).rejects.toMatchObject({ code })
  await expect(reading).rejects.not.toThrowError(/secret/)
})

it('takes no more than its limit, and lets go of the rest', async () => {
  const body = Readable.from(
    (function* () {
      for (;;) yield Buffer.alloc(1000)
    })(),
  )
  const reading = readJson({ ...answer(''), body: bodyOf(body) }, { schema, maxBytes: 10_000 })
  await expect(reading).rejects.toMatchObject({ code: 'METADATA_TOO_LARGE' })
  expect(body.destroyed).toBe(true)
})

it('does not unpack a bomb', async () => {
  const bomb = answer(gzipSync(Buffer.alloc(50_000_000)), { 'content-encoding': 'gzip' })
  const reading = readJson(bomb, { schema, maxBytes: 1_000_000 })
  await expect(reading).rejects.toMatchObject({ code: 'METADATA_TOO_LARGE' })
})
