import { existsSync } from 'node:fs'
import { readFile, rm, stat } from 'node:fs/promises'
import { type FaultRule, readBytes } from '@windlass/testkit'
import { expect, it } from 'vitest'
import { WindlassError } from '../../errors/windlass-error.ts'
import { StopRequest } from '../../runtime/stop-request.ts'
import { type CarrierFixture, openCarrierFixture, until } from './carrier-fixture.ts'

const MIB = 1024 * 1024
const SIZE = 3 * MIB + 17
const CUT = 1_500_000

async function expectWholeFile(fixture: CarrierFixture): Promise<void> {
  const there = await readFile(fixture.staged.partPath)
  expect(there.equals(readBytes(fixture.bytes))).toBe(true)
  expect(fixture.progress.at(-1)).toBe(fixture.bytes.sizeBytes)
  expect(fixture.frontiers.at(-1)).toBe(fixture.bytes.sizeBytes)
}

/** Fetches the first {@link CUT} bytes and fails there. */
async function cutOnce(fixture: CarrierFixture): Promise<void> {
  fixture.fault({ match: { role: 'cdn' }, do: { cutAt: CUT } })
  await expect(fixture.transfer()).rejects.toMatchObject({ code: 'NET_SHORT_BODY' })
  expect(fixture.progress.at(-1)).toBe(CUT)
  fixture.heal()
}

it('fetches a file with one request for exactly its bytes', async () => {
  await using fixture = await openCarrierFixture({ sizeBytes: SIZE })
  expect(await fixture.transfer()).toEqual({ sizeBytes: SIZE })
  await expectWholeFile(fixture)
  expect(fixture.asked('cdn')).toEqual([`bytes=0-${SIZE - 1}`])
  expect(fixture.log.map(({ headers }) => headers['accept-encoding'])).toEqual([
    'identity',
    'identity',
  ])
})

it('goes on at the byte where it stood', async () => {
  await using fixture = await openCarrierFixture({ sizeBytes: SIZE, etag: '"v1"' })
  await cutOnce(fixture)
  await fixture.transfer()
  await expectWholeFile(fixture)
  expect(fixture.asked('cdn')[1]).toBe(`bytes=${CUT}-${SIZE - 1}`)
  expect(fixture.log.at(-1)?.headers['if-range']).toBe('"v1"')
})

it('asks nobody for a file that is complete, and for an empty one', async () => {
  await using fixture = await openCarrierFixture({ sizeBytes: SIZE })
  await fixture.transfer()
  const before = fixture.log.length
  await fixture.transfer()
  await expectWholeFile(fixture)
  await rm(fixture.staged.partPath)
  await rm(fixture.staged.journalPath)
  expect(await fixture.transfer({ file: fixture.file({ sizeBytes: 0 }) })).toEqual({ sizeBytes: 0 })
  expect((await stat(fixture.staged.partPath)).size).toBe(0)
  expect(fixture.log.length).toBe(before)
})

it('fetches a small file in one go, without a journal', async () => {
  await using fixture = await openCarrierFixture({ sizeBytes: 1000 })
  await fixture.transfer()
  await expectWholeFile(fixture)
  expect(existsSync(fixture.staged.journalPath)).toBe(false)
})

it('makes its files readable by nobody else', async () => {
  await using fixture = await openCarrierFixture({ sizeBytes: SIZE })
  await fixture.transfer()
  for (const path of [fixture.staged.partPath, fixture.staged.journalPath]) {
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  }
})

it('asks caches for fresh bytes only when it is told to', async () => {
  await using fixture = await openCarrierFixture({ sizeBytes: 10 })
  await fixture.transfer()
  await fixture.transfer({ bypassCaches: true })
  expect(fixture.log.map(({ headers }) => headers['cache-control'])).toEqual([
    undefined,
    undefined,
    'no-cache',
    'no-cache',
  ])
})

it('starts at 0 when the bytes that are there belong to something else', async () => {
  await using fixture = await openCarrierFixture({ sizeBytes: SIZE })
  await cutOnce(fixture)
  await fixture.transfer({ identity: 'model.bin v2' })
  await expectWholeFile(fixture)
  expect(fixture.asked('cdn')[1]).toBe(`bytes=0-${SIZE - 1}`)
})

it('starts at 0 and says so when its bytes have disappeared', async () => {
  await using fixture = await openCarrierFixture({ sizeBytes: SIZE })
  await cutOnce(fixture)
  await rm(fixture.staged.partPath)
  await fixture.transfer()
  await expectWholeFile(fixture)
  expect(fixture.notices).toMatchObject([{ code: 'PARTIAL_LOST', path: 'model.bin' }])
})

it('throws the unfinished bytes away when asked to', async () => {
  await using fixture = await openCarrierFixture({ sizeBytes: SIZE })
  await cutOnce(fixture)
  await fixture.carrier.discard(fixture.staged)
  await fixture.carrier.discard(fixture.staged)
  expect(existsSync(fixture.staged.partPath) || existsSync(fixture.staged.journalPath)).toBe(false)
  await fixture.transfer()
  await expectWholeFile(fixture)
})

/** Faults that heal without a person noticing more than a word. */
const CDN_FROM_CUT = { role: 'cdn', rangeFrom: CUT, nth: 1 } as const

it.each<[string, FaultRule, string[], number]>([
  [
    'Range ignored (RG1)',
    { match: { role: 'cdn' }, do: { ignoreRange: true } },
    ['RANGE_UNSUPPORTED'],
    1,
  ],
  [
    'one wrong start (RG2)',
    { match: CDN_FROM_CUT, do: { wrongContentRange: { shiftBytes: 5 } } },
    [],
    2,
  ],
  [
    'wrong starts for ever (RG2)',
    { match: { role: 'cdn', rangeFromAtLeast: 1 }, do: { wrongContentRange: { shiftBytes: 5 } } },
    ['RANGE_UNSUPPORTED'],
    3,
  ],
  [
    'an unknown total (RG4)',
    { match: CDN_FROM_CUT, do: { wrongContentRange: { total: '*' } } },
    [],
    1,
  ],
  [
    'no Content-Range (RG7)',
    { match: CDN_FROM_CUT, do: { wrongContentRange: { omit: true } } },
    [],
    2,
  ],
  ['one refused range (RG10)', { match: CDN_FROM_CUT, do: { status: 416 } }, [], 2],
  [
    'refused ranges for ever (RG10)',
    { match: { role: 'cdn', rangeFromAtLeast: 1 }, do: { status: 416 } },
    ['RANGE_UNSUPPORTED'],
    3,
  ],
  [
    'an If-Range that is misread (RG17)',
    { match: { role: 'cdn', header: { 'if-range': '"v1"' } }, do: { ignoreRange: true } },
    [],
    2,
  ],
  ['an expired link (S1)', { match: { ...CDN_FROM_CUT }, do: { expire: true } }, [], 1],
])('survives %s without a failure', async (name, rule, codes, requests) => {
  const isPlain = !name.includes('If-Range')
  await using fixture = await openCarrierFixture({
    sizeBytes: SIZE,
    ...(isPlain ? {} : { etag: '"v1"' }),
  })
  await cutOnce(fixture)
  const before = fixture.asked('cdn').length
  fixture.fault(rule)
  if (name.includes('expired')) {
    await expect(fixture.transfer()).rejects.toMatchObject({ code: 'LINK_EXPIRED' })
  }
  await fixture.transfer()
  await expectWholeFile(fixture)
  expect(fixture.notices.map(({ code }) => code)).toEqual(codes)
  expect(fixture.asked('cdn').length - before).toBe(requests + (name.includes('expired') ? 1 : 0))
})

/** Faults that end the attempt: the code, and what is kept of the bytes. */
it.each<[string, FaultRule, string, number]>([
  [
    'a changed total (RG3)',
    { do: { wrongContentRange: { total: SIZE + 1 } } },
    'SOURCE_CHANGED',
    CUT,
  ],
  [
    'a changed file that honours If-Range (RG12)',
    { do: { ignoreRange: true, headers: { ETag: '"v2"' } } },
    'SOURCE_CHANGED',
    CUT,
  ],
  [
    'a changed file that ignores If-Range (RG13)',
    { do: { headers: { ETag: '"v2"' } } },
    'SOURCE_CHANGED',
    CUT,
  ],
  ['a packed answer (RG20)', { do: { gzip: true } }, 'ENCODING_UNEXPECTED', CUT],
  [
    'a page in place of the file (B10)',
    { do: { status: 200, body: '<html>', headers: { 'Content-Type': 'text/html' } } },
    'CONTENT_UNEXPECTED',
    CUT,
  ],
  ['another size (B5)', { do: { status: 200, body: 'short' } }, 'SIZE_MISMATCH', CUT],
  ['a cut (B1)', { do: { cutAt: 100_000 } }, 'NET_SHORT_BODY', CUT + 100_000],
  ['a length that was a lie (B1)', { do: { lieLength: 10 } }, 'NET_SHORT_BODY', SIZE],
  [
    'a body that ends early and clean (B6)',
    { do: { truncateClean: 100_000 } },
    'NET_SHORT_BODY',
    CUT + 100_000,
  ],
  ['a stall (B15)', { do: { stallAt: 100_000 } }, 'UND_ERR_BODY_TIMEOUT', CUT + 100_000],
  ['a refusal (H8)', { match: { role: 'hub' }, do: { status: 401 } }, 'HTTP_AUTH', CUT],
  ['a broken host (H1)', { do: { status: 500, body: 'oops' } }, 'HTTP_SERVER', CUT],
  [
    'too many requests (H3)',
    { do: { status: 429, headers: { 'Retry-After': '7' } } },
    'HTTP_RATE_LIMITED',
    CUT,
  ],
  ['a vanished file (H12)', { do: { status: 404 } }, 'SOURCE_GONE', CUT],
  ['an answer without content (H16)', { do: { status: 204 } }, 'HTTP_PROTOCOL', CUT],
])('ends with its own code and keeps what is good: %s', async (name, rule, code, kept) => {
  await using fixture = await openCarrierFixture({
    sizeBytes: SIZE,
    etag: '"v1"',
    bodyTimeoutMs: 300,
  })
  await cutOnce(fixture)
  fixture.fault({ match: { role: 'cdn' }, ...rule })
  const outcome = fixture.transfer().then(
    () => 'done',
    (error: { code: string }) => error.code,
  )
  // Bytes that are all there are a whole file, however the answer ended.
  expect(await outcome).toBe(kept === SIZE ? 'done' : code)
  expect(fixture.progress.at(-1), name).toBe(kept)
  fixture.heal()
  const there = await readFile(fixture.staged.partPath)
  expect(there.subarray(0, kept).equals(readBytes(fixture.bytes, 0, kept))).toBe(true)
})

it('waits as long as the host asks for', async () => {
  await using fixture = await openCarrierFixture({ sizeBytes: 10 })
  fixture.fault({ match: { role: 'cdn' }, do: { status: 503, headers: { 'Retry-After': '7' } } })
  const before = Date.now()
  const error = await fixture.transfer().catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'HTTP_SERVER' })
  if (!(error instanceof WindlassError)) throw error
  expect(error.retryAt).toBeGreaterThanOrEqual(before + 7000)
})

it('completes although every answer is cut after 64 KiB', async () => {
  await using fixture = await openCarrierFixture({ sizeBytes: MIB })
  fixture.fault({ match: { role: 'cdn' }, do: { cutAt: 64 * 1024 } })
  for (let attempt = 1; fixture.progress.at(-1) !== MIB; attempt++) {
    expect(attempt).toBeLessThanOrEqual(16)
    await fixture.transfer().catch((error: { code: string }) => {
      expect(error.code).toBe('NET_SHORT_BODY')
    })
  }
  await expectWholeFile(fixture)
})

it('takes a whole that is longer than the file for another file, and keeps nothing of it', async () => {
  await using fixture = await openCarrierFixture({ sizeBytes: SIZE })
  fixture.fault({ match: { role: 'cdn' }, do: { ignoreRange: true, truncateClean: 2 * SIZE } })
  const file = fixture.file({ sizeBytes: 2 * MIB })
  await expect(fixture.transfer({ file })).rejects.toMatchObject({ code: 'SIZE_MISMATCH' })
  expect((await stat(fixture.staged.partPath)).size).toBe(0)
  expect(Math.max(...fixture.progress)).toBeLessThanOrEqual(2 * MIB)
})

it('takes no more of a range than it asked for (RG6)', async () => {
  await using fixture = await openCarrierFixture({ sizeBytes: SIZE })
  const headers = { 'Content-Range': `bytes 0-${2 * MIB - 1}/${2 * MIB}` }
  fixture.fault({ match: { role: 'cdn' }, do: { headers, truncateClean: 2 * SIZE } })
  await fixture.transfer({ file: fixture.file({ sizeBytes: 2 * MIB }) })
  const there = await readFile(fixture.staged.partPath)
  expect(there.equals(readBytes(fixture.bytes, 0, 2 * MIB))).toBe(true)
})

it.each([
  ['a range', {}],
  ['a whole without a length', { ignoreRange: true, truncateClean: SIZE }],
])('learns the size of a file that has none from %s', async (_, fault) => {
  await using fixture = await openCarrierFixture({ sizeBytes: SIZE })
  fixture.fault({ match: { role: 'cdn' }, do: fault })
  const result = await fixture.transfer({ file: fixture.file({ sizeBytes: null }) })
  expect(result).toEqual({ sizeBytes: SIZE })
  await expectWholeFile(fixture)
})

it('stops with the reason it was given, the socket closed and what came recorded', async () => {
  await using fixture = await openCarrierFixture({ sizeBytes: 64 * MIB })
  fixture.fault({ match: { role: 'cdn' }, do: { bytesPerSecond: 20 * MIB } })
  const controller = new AbortController()
  const transfer = fixture.transfer({}, controller.signal)
  transfer.catch(() => {})
  await until(() => (fixture.progress.at(-1) ?? 0) > MIB)
  const stop = new StopRequest('pause')
  const stoppedAt = performance.now()
  controller.abort(stop)
  await expect(transfer).rejects.toBe(stop)
  await until(() => fixture.log.at(-1)?.end === 'client-closed')
  expect(performance.now() - stoppedAt).toBeLessThan(1000)
  const kept = fixture.progress.at(-1) ?? 0
  fixture.heal()
  await fixture.transfer()
  expect(fixture.asked('cdn').at(-1)).toBe(`bytes=${kept}-${64 * MIB - 1}`)
  await expectWholeFile(fixture)
})

it('does nothing at all when it is stopped before it begins', async () => {
  await using fixture = await openCarrierFixture({ sizeBytes: SIZE })
  const stop = new StopRequest('cancel')
  await expect(fixture.transfer({}, AbortSignal.abort(stop))).rejects.toBe(stop)
  expect(existsSync(fixture.staged.partPath)).toBe(false)
  expect(fixture.log).toEqual([])
})

it('keeps one connection for many small files', async () => {
  await using fixture = await openCarrierFixture({ sizeBytes: 1000, direct: true })
  for (let index = 0; index < 5; index++) {
    const staged = {
      partPath: fixture.dir.join(`${index}`),
      journalPath: fixture.dir.join(`${index}.j`),
    }
    await fixture.transfer({ staged })
  }
  expect(new Set(fixture.log.map(({ connection }) => connection)).size).toBe(1)
})
