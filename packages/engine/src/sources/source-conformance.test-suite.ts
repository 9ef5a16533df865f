import { afterEach, assert, beforeEach, describe, expect, it } from 'vitest'
import { classify } from '../errors/classify.ts'
import type { WindlassError } from '../errors/windlass-error.ts'
import { credentialHeaders } from '../net/credential.ts'
import type { HttpClient } from '../net/http-client.ts'
import { StopRequest } from '../runtime/stop-request.ts'
import type { ByteOrigin, RemoteFile, Resolution, Source, SourceRef } from './source.ts'

/** A source with a host of its own that does what the suite asks for. */
export interface SourceFixture {
  readonly source: Source
  readonly http: HttpClient
  readonly good: {
    readonly text: string
    /** What the host serves, by path. One of them is empty, one lies in a folder. */
    readonly files: Readonly<Record<string, Buffer>>
  }
  /** Text for this source that makes no sense. */
  readonly senseless: string
  /** A ref whose thing the host does not have, and the error it is. */
  readonly missing: { readonly text: string; readonly code: string }
  /** The header with the token, and the origins of the host's own. */
  readonly secret: { readonly text: string; readonly origins: readonly string[] }
  /** What every host was asked so far, with origin and headers. */
  requests(): readonly {
    readonly origin: string
    readonly headers: Readonly<Record<string, string | string[] | undefined>>
  }[]
  /** From now on the host refuses everything with 429 and these headers. */
  limit(headers: Readonly<Record<string, string>>): void
  /** From now on the host accepts requests and does not answer. */
  stall(): void
  /** From now on the bytes of the file are other ones. */
  change(path: string): void
  close(): Promise<void>
}

/** The contract that every source with ranged bytes obeys. A new source is done when this passes. */
export function describeSourceConformance(name: string, open: () => Promise<SourceFixture>): void {
  describe(`${name} obeys the contract of a source`, () => {
    let fixture: SourceFixture

    beforeEach(async () => {
      fixture = await open()
    })
    afterEach(() => fixture.close())

    describeRefs(() => fixture)
    describeBytes(() => fixture)
    describeRefusals(() => fixture)
    describeStopping(() => fixture)
  })
}

function describeRefs(fixture: () => SourceFixture): void {
  it('leaves foreign text alone', () => {
    expect(fixture().source.parse('not a reference of any kind')).toBeNull()
  })

  it('says when a text of its own makes no sense', () => {
    const { source, senseless } = fixture()
    expect(() => source.parse(senseless)).toThrowError(
      expect.objectContaining({ code: 'REF_INVALID' }),
    )
  })

  it('reads its own canonical text back to the same ref', () => {
    const { source, good } = fixture()
    const ref = parsed(source, good.text)
    expect(ref.source).toBe(source.id)
    expect(source.parse(ref.canonical)).toEqual(ref)
  })
}

function describeBytes(fixture: () => SourceFixture): void {
  it('lists every file with its size, and what it is known by', async () => {
    const { good } = fixture()
    const { files } = await resolved(fixture())
    const sizes = Object.fromEntries(files.map((file) => [file.path, file.sizeBytes]))
    for (const [path, bytes] of Object.entries(good.files)) {
      expect([bytes.length, null]).toContain(sizes[path])
    }
    expect(new Set(Object.keys(sizes))).toEqual(new Set(Object.keys(good.files)))
    for (const file of files) {
      const size = file.digest?.algorithm === 'sha256' ? 64 : 40
      if (file.digest !== null) expect(file.digest.hex).toMatch(new RegExp(`^[0-9a-f]{${size}}$`))
    }
  })

  it('keeps its answer in JSON', async () => {
    const resolution = await resolved(fixture())
    expect(JSON.parse(JSON.stringify(resolution))).toEqual(resolution)
  })

  it('says where the bytes are: whole files and exactly the range that is asked for', async () => {
    const { good } = fixture()
    const resolution = await resolved(fixture())
    for (const file of resolution.files) {
      const bytes = good.files[file.path]
      assert(bytes)
      expect((await fetchBytes(fixture(), resolution, file)).equals(bytes)).toBe(true)
      if (bytes.length < 6) continue
      const some = await fetchBytes(fixture(), resolution, file, 'bytes=2-4')
      expect(some.equals(bytes.subarray(2, 5))).toBe(true)
    }
  })

  it('shows its token to its own origins and to no other', async () => {
    const { secret, requests } = fixture()
    const resolution = await resolved(fixture())
    for (const file of resolution.files) {
      await fetchBytes(fixture(), resolution, file)
      const origin = await located(fixture(), resolution, file)
      expect(JSON.stringify([origin.headers, origin.url])).not.toContain(secret.text)
      for (const url of foreignAddresses(origin.url)) {
        expect(credentialHeaders(origin.credentials, url)).toEqual({})
      }
    }
    for (const { origin, headers } of requests()) {
      const isShown = JSON.stringify(headers).includes(secret.text)
      expect(isShown, origin).toBe(secret.origins.includes(origin))
    }
    expect(JSON.stringify(resolution)).not.toContain(secret.text)
  })
}

/** Addresses that look like `url` and are another origin. */
function foreignAddresses(url: URL): URL[] {
  const port = new URL(url)
  port.port = url.port === '4443' ? '4444' : '4443'
  const name = new URL(url)
  name.hostname = `${url.hostname === '127.0.0.1' ? 'localhost' : `evil-${url.hostname}`}`
  const scheme = new URL(url.href.replace(/^https?/, url.protocol === 'http:' ? 'https' : 'http'))
  return [port, name, scheme, new URL('https://example.org/')]
}

function describeRefusals(fixture: () => SourceFixture): void {
  it('says when the thing is not there', async () => {
    const { source, missing } = fixture()
    const resolving = source.resolve(parsed(source, missing.text), { signal: never() })
    expect((await failure(resolving)).code).toBe(missing.code)
  })

  it('says when the file is another one than it was', async () => {
    const resolution = await resolved(fixture())
    const file = biggest(resolution)
    fixture().change(file.path)
    const error = await failure(fetchBytes(fixture(), resolution, file))
    expect(error.code).toBe('SOURCE_CHANGED')
  })

  it.each([
    ['seconds', () => ({ 'retry-after': '7' }), 7],
    ['a date', () => ({ 'retry-after': new Date(Date.now() + 60_000).toUTCString() }), 60],
    ['an empty bucket', () => ({ ratelimit: '"api";r=0;t=20' }), 21],
  ])('passes on how long to wait when asked to by %s', async (_, headers, seconds) => {
    const { source, good, limit } = fixture()
    limit(headers())
    const before = Date.now()
    const ref = parsed(source, good.text)
    const error = await failure(source.resolve(ref, { signal: never() }))
    expect(error.code).toBe('HTTP_RATE_LIMITED')
    expect(((error.retryAt ?? 0) - before) / 1000).toBeGreaterThan(seconds - 2)
    expect(((error.retryAt ?? 0) - before) / 1000).toBeLessThan(seconds + 2)
    const asked = fixture().requests().length
    const again = await failure(source.resolve(ref, { signal: never() }))
    expect([again.code, fixture().requests().length]).toEqual(['HTTP_RATE_LIMITED', asked])
  })
}

function describeStopping(fixture: () => SourceFixture): void {
  it('does not begin when it is stopped before', async () => {
    const { source, good, requests } = fixture()
    const signal = AbortSignal.abort(new StopRequest('pause'))
    const ref = parsed(source, good.text)
    await expect(source.resolve(ref, { signal })).rejects.toBe(signal.reason)
    expect(requests()).toHaveLength(0)
  })

  it('stops in the middle, with the reason it was given', async () => {
    const { source, good, stall, requests } = fixture()
    stall()
    const controller = new AbortController()
    const reason = new StopRequest('cancel')
    const resolving = source.resolve(parsed(source, good.text), { signal: controller.signal })
    const stopped = expect(resolving).rejects.toBe(reason)
    await expect.poll(() => requests().length).toBe(1)
    controller.abort(reason)
    await stopped
  })
}

function never(): AbortSignal {
  return new AbortController().signal
}

function parsed(source: Source, text: string): SourceRef {
  const ref = source.parse(text)
  assert(ref, `${source.id} claims ${text}`)
  return ref
}

function resolved({ source, good }: SourceFixture): Promise<Resolution> {
  return source.resolve(parsed(source, good.text), { signal: never() })
}

function located(
  { source, good }: SourceFixture,
  { revision }: Resolution,
  file: RemoteFile,
): Promise<ByteOrigin> {
  return source.locate({ ref: parsed(source, good.text), revision, file }, { signal: never() })
}

async function fetchBytes(
  fixture: SourceFixture,
  resolution: Resolution,
  file: RemoteFile,
  range?: string,
): Promise<Buffer> {
  const origin = await located(fixture, resolution, file)
  const response = await fixture.http.open(
    {
      url: origin.url,
      method: 'GET',
      headers: { ...origin.headers, ...(range === undefined ? {} : { range }) },
      credentials: origin.credentials,
      judge: (head) => origin.judge(head),
    },
    { signal: never() },
  )
  const chunks: Buffer[] = []
  for await (const chunk of response.body) chunks.push(chunk)
  expect(response.status).toBe(range === undefined ? 200 : 206)
  return Buffer.concat(chunks)
}

function biggest({ files }: Resolution): RemoteFile {
  const [file] = files.toSorted((a, b) => (b.sizeBytes ?? 0) - (a.sizeBytes ?? 0))
  assert(file)
  return file
}

async function failure(promise: Promise<unknown>): Promise<WindlassError> {
  const thrown: unknown = await promise.then(
    () => assert.fail('it was expected to fail'),
    (error: unknown) => error,
  )
  return classify(thrown)
}
