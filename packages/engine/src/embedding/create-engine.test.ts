import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DownloadProgress } from '@windlass/contract'
import { type FakeHub, startFakeHub, type TempDir, tempDir } from '@windlass/testkit'
import { afterEach, assert, beforeEach, describe, expect, it } from 'vitest'
import { isWindlassError } from '../errors/windlass-error.ts'
import { StopRequest } from '../runtime/stop-request.ts'
import { createEngine } from './create-engine.ts'
import type { CreateEngineOptions, EmbeddedEngine } from './embedded-engine.ts'

const MIB = 1024 * 1024
const BIG = { path: 'model.safetensors', content: { seed: 'big', sizeBytes: 6 * MIB } }
const SMALL = { path: 'config.json', content: '{"a":1}' }

describe('an engine within another program', () => {
  let hub: FakeHub
  let dir: TempDir
  let engine: EmbeddedEngine

  const open = (options: CreateEngineOptions = {}): Promise<EmbeddedEngine> =>
    createEngine({
      env: {
        WINDLASS_HOME: dir.join('home'),
        WINDLASS_ALLOW_HOSTS: 'localhost:*',
        HF_ENDPOINT: hub.endpoint,
        HF_HOME: dir.join('hf'),
      },
      reserve: { share: 0, minBytes: 0 },
      ...options,
    })

  beforeEach(async () => {
    dir = await tempDir()
    hub = await startFakeHub()
    await hub.addRepo({ id: 'org/big', files: [BIG, SMALL] })
    await hub.addRepo({
      id: 'org/other',
      files: [{ ...BIG, content: { seed: 'o', sizeBytes: 6 * MIB } }],
    })
    await hub.addRepo({ id: 'org/small', files: [SMALL] })
    await hub.addRepo({ id: 'org/gated', gated: 'auto', files: [SMALL] })
    engine = await open()
  })

  afterEach(async () => {
    await engine.close()
    await hub.close()
    await dir.remove()
  })

  const failure = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => assert.fail('it succeeded'),
      (error: unknown) => error,
    )

  /** Starts a slow pull and waits until bytes have come. */
  async function slowly(ref: string, signal?: AbortSignal) {
    hub.setCdnRate(MIB)
    const moving = Promise.withResolvers<void>()
    const pull = failure(
      engine.pull(ref, {
        ...(signal === undefined ? {} : { signal }),
        onProgress: ({ receivedBytes }) => (receivedBytes > MIB / 4 ? moving.resolve() : undefined),
      }),
    )
    await moving.promise
    return { pull }
  }

  it('brings a reference, tells its progress and gives all figures', async () => {
    const told: DownloadProgress[] = []
    const result = await engine.pull('org/big', { onProgress: (one) => told.push(one) })
    expect(result).toMatchObject({
      ref: 'org/big',
      verified: true,
      sizeBytes: 6 * MIB + 7,
      presentBytes: 0,
      filesTotal: 2,
      filesPresent: 0,
      attempts: 0,
    })
    expect(await readFile(join(result.path, SMALL.path), 'utf8')).toBe(SMALL.content)
    expect(told.at(-1)).toMatchObject({ percent: 100, filesDone: 2 })
    const again = await engine.pull('org/big')
    expect(again.path).toBe(result.path)
    expect(await engine.active()).toEqual([])
  })

  it('pauses when its signal aborts, and goes on where it stood when asked again', async () => {
    const stop = new AbortController()
    const { pull } = await slowly('org/big', stop.signal)
    const reason = new Error('enough')
    stop.abort(reason)
    expect(await pull).toBe(reason)
    const [paused] = await engine.active()
    expect(paused).toMatchObject({ ref: 'org/big', state: 'paused' })
    hub.setCdnRate(undefined)
    hub.clearLog()
    await engine.pull('org/big')
    const sent = hub.log.reduce(
      (sum, { bytesSent, role }) => sum + (role === 'cdn' ? bytesSent : 0),
      0,
    )
    expect(sent).toBeLessThan(6 * MIB)
  })

  it('cancels when that is what its signal asks for', async () => {
    const stop = new AbortController()
    const { pull } = await slowly('org/big', stop.signal)
    stop.abort(new StopRequest('cancel'))
    expect(await pull).toBeInstanceOf(StopRequest)
    expect((await engine.downloads.list({ limit: 9 })).items).toMatchObject([
      { state: 'cancelled', receipt: { files: expect.any(Number) } },
    ])
  })

  it('cancels one by its id, those of a reference however it is written, and all', async () => {
    const first = await slowly('org/big')
    const second = await slowly('org/other')
    expect(await engine.active()).toHaveLength(2)
    const page = `${hub.endpoint}/org/big/tree/main`
    expect(await engine.cancel({ ref: page })).toMatchObject([{ ref: 'org/big' }])
    expect(isWindlassError(await first.pull, 'DOWNLOAD_STOPPED')).toBe(true)
    expect((await engine.active()).map(({ ref }) => ref)).toEqual(['org/other'])
    const [other] = await engine.active()
    assert(other)
    expect(await engine.cancel({ id: other.id })).toMatchObject([{ id: other.id }])
    await second.pull
    const third = await slowly('org/big')
    expect(await engine.cancel({ all: true })).toMatchObject([{ ref: 'org/big' }])
    await third.pull
    expect(await engine.active()).toEqual([])
    expect(await engine.cancel({ all: true })).toEqual([])
    expect(await failure(engine.cancel({ id: 'none' }))).toMatchObject({
      code: 'DOWNLOAD_NOT_FOUND',
    })
  })

  it('knows before the start whether there is room, and starts nothing without', async () => {
    expect(await engine.plan('org/big')).toMatchObject({ fits: true, missingBytes: 6 * MIB + 7 })
    await engine.close()
    engine = await open({ reserve: { share: 0, minBytes: 2 ** 60 } })
    expect((await engine.plan('org/big')).fits).toBe(false)
    expect(await failure(engine.pull('org/big'))).toMatchObject({
      code: 'DISK_FULL',
      hint: expect.stringMatching(/./),
      facts: { state: 'blocked' },
    })
    expect(hub.log.some(({ role }) => role === 'cdn')).toBe(false)
  })

  it('fails with the code of the reason, its words said once', async () => {
    const error = await failure(engine.pull('org/gated'))
    assert(isWindlassError(error, 'HTTP_GATED'), String(error))
    expect(error.hint).toContain('org/gated')
    const [blocked] = await engine.active()
    expect(error.message).toBe(blocked?.reason?.message)
    expect(await failure(engine.pull('::'))).toMatchObject({ code: 'REF_INVALID' })
  })

  it('ends what waits when it is closed, and goes on at the next start', async () => {
    const { pull } = await slowly('org/big')
    await engine.close()
    expect(await pull).toMatchObject({ name: 'StopRequest', intent: 'shutdown' })
    hub.setCdnRate(undefined)
    engine = await open()
    expect((await engine.pull('org/big')).verified).toBe(true)
  })

  it('has its home for itself', async () => {
    expect(await failure(open())).toMatchObject({ code: 'LOCK_HELD' })
  })

  it('ends with what the callback throws', async () => {
    const odd = new RangeError('odd')
    const pull = engine.pull('org/big', {
      onProgress() {
        throw odd
      },
    })
    expect(await failure(pull)).toBe(odd)
  })

  it('refuses a variable that makes no sense', async () => {
    const env = { WINDLASS_HOME: dir.join('else'), WINDLASS_ALLOW_HOSTS: 'a b' }
    expect(await failure(createEngine({ env }))).toMatchObject({ code: 'SETTINGS_INVALID' })
  })
})
