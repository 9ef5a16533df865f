import { execFileSync } from 'node:child_process'
import {
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { Download, WindlassEvent } from '@windlass/contract'
import { type FakeHub, sha256File, startFakeHub, type TempDir, tempDir } from '@windlass/testkit'
import { expect, it } from 'vitest'
import type { Engine, EngineOptions } from './engine.ts'
import { openEngine } from './open-engine.ts'
import { systemClock } from './runtime/clock.ts'
import { readHubEnvironment } from './sources/huggingface/hub-environment.ts'

const MB = 1_000_000
const quiet = { debug() {}, info() {}, warn() {}, error() {} }

interface World extends AsyncDisposable {
  readonly hub: FakeHub
  readonly dir: TempDir
  readonly cache: string
  open(options?: Partial<EngineOptions>): Promise<Engine>
}

async function world(): Promise<World> {
  const hub = await startFakeHub()
  const dir = await tempDir()
  const engines: Engine[] = []
  const environment = readHubEnvironment(
    { HF_ENDPOINT: hub.endpoint, HF_HOME: dir.join('hf') },
    dir.path,
  )
  return {
    hub,
    dir,
    cache: environment.cacheDir,
    async open(options = {}) {
      const engine = await openEngine({
        home: dir.join('home'),
        limits: { maxActive: 3, maxQueued: 100, connections: 8, retries: 5, timeLimitMs: 60_000 },
        reserve: { share: 0, minBytes: 0 },
        hub: environment,
        userAgent: 'windlass/test',
        proxy: {},
        allowedHosts: [{ hostname: 'localhost', port: 'any' }],
        ports: { clock: systemClock, log: quiet, random: Math.random, bootId: () => 'boot' },
        ...options,
      })
      engines.push(engine)
      return engine
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(engines.map((engine) => engine.close()))
      await hub.close()
      await dir.remove()
    },
  }
}

/** Waits, on events alone, until the download is in one of the states. */
async function reaches(
  engine: Engine,
  id: string,
  ...states: Download['state'][]
): Promise<Download> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const look = async (): Promise<void> => {
    if (states.includes((await engine.downloads.find(id)).state)) resolve()
  }
  const off = engine.events.subscribe((event) => {
    if (event.type === 'download.state-changed' && states.includes(event.data.to)) resolve()
  })
  await look()
  await promise
  off()
  return await engine.downloads.find(id)
}

const small = [
  { path: 'config.json', content: '{"model_type":"tiny"}' },
  { path: 'README.md', content: '# tiny\n' },
  { path: 'empty.txt', content: '' },
  { path: 'odd #name%/with space é.txt', content: 'odd' },
]
const weights = { path: 'model.safetensors', content: { seed: 'weights', sizeBytes: 12 * MB } }
const copy = { path: 'copy/model.safetensors', content: { seed: 'weights', sizeBytes: 12 * MB } }

it('pulls a repository into the standard cache, and each shared byte once', async () => {
  await using w = await world()
  const { commit } = await w.hub.addRepo({ id: 'org/tiny', files: [...small, weights, copy] })
  const engine = await w.open()
  const { download, created } = await engine.downloads.create({ ref: 'org/tiny' })
  expect(created).toBe(true)
  const done = await reaches(engine, download.id, 'completed', 'failed', 'blocked')
  expect(done).toMatchObject({
    state: 'completed',
    revision: commit,
    progress: { filesDone: 6, filesTotal: 6, percent: 100 },
    result: { verified: true },
  })
  const snapshot = join(w.cache, 'models--org--tiny', 'snapshots', commit)
  expect(done.result?.path).toBe(snapshot)
  expect(await readFile(join(snapshot, 'odd #name%/with space é.txt'), 'utf8')).toBe('odd')
  expect(await readlink(join(snapshot, 'copy/model.safetensors'))).toMatch(
    /^\.\.\/\.\.\/\.\.\/blobs\/[0-9a-f]{64}$/,
  )
  expect(await readFile(join(w.cache, 'models--org--tiny/refs/main'), 'utf8')).toBe(commit)
  expect(await readdir(join(w.cache, 'models--org--tiny'))).not.toContain('.windlass')
  const cdnBytes = w.hub.log
    .filter(({ role }) => role === 'cdn')
    .reduce((sum, { bytesSent }) => sum + bytesSent, 0)
  expect(cdnBytes).toBe(12 * MB)
})

it('answers with the complete job while nothing moved, and fetches nothing that is there', async () => {
  await using w = await world()
  await w.hub.addRepo({ id: 'org/tiny', files: [...small, weights] })
  const engine = await w.open()
  const first = await engine.downloads.create({ ref: 'org/tiny' })
  await reaches(engine, first.download.id, 'completed')
  w.hub.clearLog()
  const second = await engine.downloads.create({ ref: 'org/tiny' })
  expect(second).toMatchObject({ created: false, download: { id: first.download.id } })
  const { commit } = await w.hub.commit({
    id: 'org/tiny',
    files: [{ path: 'config.json', content: '{"model_type":"other"}' }],
  })
  const third = await engine.downloads.create({ ref: 'org/tiny' })
  expect(third.created).toBe(true)
  const done = await reaches(engine, third.download.id, 'completed')
  expect(done.revision).toBe(commit)
  expect(done.files.filter(({ present }) => !present).map(({ path }) => path)).toEqual([
    'config.json',
  ])
  expect(w.hub.log.every(({ role }) => role === 'hub')).toBe(true)
})

it('checks a complete job against the disk before it answers with it', async () => {
  await using w = await world()
  const { commit } = await w.hub.addRepo({ id: 'org/tiny', files: [weights] })
  const engine = await w.open()
  const ref = `org/tiny@${commit}`
  const first = await engine.downloads.create({ ref })
  await reaches(engine, first.download.id, 'completed')
  const link = join(w.cache, 'models--org--tiny/snapshots', commit, weights.path)
  await rm(join(link, '..', await readlink(link)))
  const second = await engine.downloads.create({ ref })
  expect(second.created).toBe(true)
  expect(await reaches(engine, second.download.id, 'completed', 'failed')).toMatchObject({
    state: 'completed',
  })
  expect((await stat(link)).size).toBe(12 * MB)
})

it('answers equal requests with one job', async () => {
  await using w = await world()
  await w.hub.addRepo({ id: 'org/tiny', files: [weights] })
  const engine = await w.open()
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => engine.downloads.create({ ref: 'org/tiny' })),
  )
  expect(new Set(answers.map(({ download }) => download.id)).size).toBe(1)
  expect(answers.filter(({ created }) => created)).toHaveLength(1)
})

it('keeps every byte over a pause, and goes on where it stood', async () => {
  await using w = await world()
  await w.hub.addRepo({
    id: 'org/big',
    files: [{ ...weights, content: { seed: 'b', sizeBytes: 30 * MB } }],
  })
  w.hub.setCdnRate(15 * MB)
  const engine = await w.open()
  const { download } = await engine.downloads.create({ ref: 'org/big' })
  await receives(engine, download.id, 6 * MB)
  const before = performance.now()
  const paused = await engine.downloads.pause(download.id)
  expect(performance.now() - before).toBeLessThan(1_000)
  expect(paused).toMatchObject({ state: 'paused', actions: ['resume', 'cancel', 'move'] })
  expect(paused.progress.receivedBytes).toBeGreaterThan(5 * MB)
  w.hub.setCdnRate(undefined)
  w.hub.clearLog()
  await engine.downloads.resume(download.id)
  const done = await reaches(engine, download.id, 'completed', 'failed', 'blocked')
  expect(done.state).toBe('completed')
  const sent = w.hub.log
    .filter(({ role }) => role === 'cdn')
    .reduce((sum, { bytesSent }) => sum + bytesSent, 0)
  expect(sent).toBeLessThanOrEqual(30 * MB - paused.progress.receivedBytes + MB)
})

it('removes every byte of a cancelled download and nothing else, and says so', async () => {
  await using w = await world()
  await w.hub.addRepo({
    id: 'org/big',
    files: [...small, { ...weights, content: { seed: 'b', sizeBytes: 30 * MB } }],
  })
  w.hub.setCdnRate(15 * MB)
  const engine = await w.open()
  const { download } = await engine.downloads.create({ ref: 'org/big' })
  await receives(engine, download.id, 6 * MB)
  const foreign = join(w.cache, 'models--org--big', 'blobs', 'somebody-elses')
  await writeFile(foreign, 'mine')
  const { state, receipt } = await engine.downloads.cancel(download.id)
  expect(state).toBe('cancelled')
  expect(receipt.bytes).toBeGreaterThan(5 * MB)
  expect(await readdir(join(w.cache, 'models--org--big'), { recursive: true })).toEqual([
    'blobs',
    'snapshots',
    'blobs/somebody-elses',
  ])
  await engine.downloads.retry(download.id)
  w.hub.setCdnRate(undefined)
  const done = await reaches(engine, download.id, 'completed', 'failed', 'blocked')
  expect(done).toMatchObject({ state: 'completed', progress: { filesDone: 5 } })
})

it('goes on by itself after the engine was closed in the middle', async () => {
  await using w = await world()
  await w.hub.addRepo({
    id: 'org/big',
    files: [{ ...weights, content: { seed: 'b', sizeBytes: 30 * MB } }],
  })
  w.hub.setCdnRate(15 * MB)
  const first = await w.open()
  const { download } = await first.downloads.create({ ref: 'org/big' })
  await receives(first, download.id, 6 * MB)
  await first.close()
  w.hub.setCdnRate(undefined)
  w.hub.clearLog()
  const second = await w.open()
  const done = await reaches(second, download.id, 'completed', 'failed', 'blocked')
  expect(done.state).toBe('completed')
  const sent = w.hub.log
    .filter(({ role }) => role === 'cdn')
    .reduce((sum, { bytesSent }) => sum + bytesSent, 0)
  expect(sent).toBeLessThan(25 * MB)
})

it('leaves a paused download paused over a restart, and starts nothing when told so', async () => {
  await using w = await world()
  await w.hub.addRepo({ id: 'org/tiny', files: small })
  const first = await w.open({ start: false })
  const { download } = await first.downloads.create({ ref: 'org/tiny', paused: true })
  const queued = await first.downloads.create({ ref: 'org/tiny', include: ['*.json'] })
  expect((await first.counts()).active).toBe(0)
  await first.close()
  const second = await w.open()
  await reaches(second, queued.download.id, 'completed')
  expect(await second.downloads.find(download.id)).toMatchObject({ state: 'paused' })
})

it('fetches damaged bytes once more, and never publishes wrong ones', async () => {
  await using w = await world()
  const { commit } = await w.hub.addRepo({ id: 'org/bad', files: [weights] })
  const once = w.hub.fault({ match: { role: 'cdn', times: 1 }, do: { flipBitAt: 777 } })
  const engine = await w.open()
  const { download } = await engine.downloads.create({ ref: 'org/bad' })
  expect(await reaches(engine, download.id, 'completed', 'failed')).toMatchObject({
    state: 'completed',
  })
  expect(once.hits).toBe(1)
  await rm(join(w.cache, 'models--org--bad'), { recursive: true })
  w.hub.fault({ match: { role: 'cdn' }, do: { flipBitAt: 777 } })
  const again = await engine.downloads.create({ ref: 'org/bad' })
  const failed = await reaches(engine, again.download.id, 'completed', 'failed')
  expect(failed).toMatchObject({ state: 'failed', reason: { code: 'HASH_MISMATCH' } })
  await expect(
    stat(join(w.cache, 'models--org--bad/snapshots', commit, weights.path)),
  ).rejects.toMatchObject({ code: 'ENOENT' })
})

it('tells that there is too little space before the first byte, with the numbers', async () => {
  await using w = await world()
  await w.hub.addRepo({ id: 'org/tiny', files: [weights] })
  const engine = await w.open({ reserve: { share: 0.1, minBytes: 1e15 } })
  const { download } = await engine.downloads.create({ ref: 'org/tiny' })
  const blocked = await reaches(engine, download.id, 'blocked', 'completed', 'failed')
  expect(blocked).toMatchObject({ state: 'blocked', reason: { code: 'DISK_FULL' } })
  expect(blocked.reason?.message).toMatch(/12(\.0)? MB needed, .* kept free, but only .* free at/)
  expect(w.hub.log.filter(({ role }) => role === 'cdn')).toEqual([])
})

it('follows a link of the shared blob store and does not write through it', async () => {
  await using w = await world()
  const { commit } = await w.hub.addRepo({ id: 'org/tiny', files: [weights] })
  const engine = await w.open()
  const first = await engine.downloads.create({ ref: 'org/tiny' })
  await reaches(engine, first.download.id, 'completed')
  const link = join(w.cache, 'models--org--tiny/snapshots', commit, weights.path)
  const blob = join(w.cache, 'models--org--tiny/snapshots', commit, await readlink(link))
  const shared = join(w.cache, 'shared-payload')
  await writeFile(shared, await readFile(blob), { mode: 0o444 })
  await rm(blob)
  await symlink(shared, blob)
  w.hub.clearLog()
  const again = await engine.downloads.create({ ref: 'org/tiny' })
  expect(await reaches(engine, again.download.id, 'completed')).toMatchObject({
    state: 'completed',
  })
  expect((await lstat(blob)).isSymbolicLink()).toBe(true)
  expect(w.hub.log.filter(({ role }) => role === 'cdn')).toEqual([])
})

it('resolves an expired link anew in the middle of a file without a word', async () => {
  await using w = await world()
  await w.hub.addRepo({
    id: 'org/big',
    files: [{ ...weights, content: { seed: 'b', sizeBytes: 20 * MB } }],
  })
  w.hub.fault({ match: { role: 'cdn', times: 1 }, do: { cutAt: 5 * MB } })
  // Another connection would fetch what this one leaves, and nobody would hear of it.
  const limits = { maxActive: 3, maxQueued: 100, connections: 1, retries: 5, timeLimitMs: 60_000 }
  // Nearly the longest pause: the links expire before the next attempt.
  const ports = { clock: systemClock, log: quiet, random: () => 0.99, bootId: () => 'boot' }
  const engine = await w.open({ limits, ports })
  const notices: WindlassEvent[] = []
  engine.events.subscribe((event) => {
    if (event.type !== 'download.noticed') return
    notices.push(event)
  })
  const { download } = await engine.downloads.create({ ref: 'org/big' })
  while (!w.hub.log.some(({ end }) => end === 'cut')) await setImmediate()
  w.hub.expireUrls()
  expect(await reaches(engine, download.id, 'completed', 'failed', 'blocked')).toMatchObject({
    state: 'completed',
  })
  expect(notices.map((event) => event.type === 'download.noticed' && event.data.code)).toEqual([
    'NET_SHORT_BODY',
  ])
})

it.for([
  { name: 'gated', spec: { gated: 'auto' as const }, code: 'HTTP_GATED', state: 'blocked' },
  { name: 'private', spec: { private: true }, code: 'REPO_PRIVATE', state: 'blocked' },
  { name: 'disabled', spec: { disabled: true }, code: 'REPO_DISABLED', state: 'failed' },
])('says what a $name repository needs', async ({ spec, code, state }) => {
  await using w = await world()
  await w.hub.addRepo({ id: 'org/closed', files: [weights], ...spec })
  const engine = await w.open()
  const { download } = await engine.downloads.create({ ref: 'org/closed' })
  const stopped = await reaches(engine, download.id, 'blocked', 'failed', 'completed')
  expect(stopped).toMatchObject({ state, reason: { code } })
})

it('gives up after five attempts without progress and says what to do', async () => {
  await using w = await world()
  await w.hub.addRepo({ id: 'org/tiny', files: [weights] })
  w.hub.fault({ match: { role: 'cdn' }, do: { hangUp: 'reset' } })
  const engine = await w.open({
    ports: { clock: systemClock, log: quiet, random: () => 0, bootId: () => 'boot' },
  })
  const { download } = await engine.downloads.create({ ref: 'org/tiny' })
  const failed = await reaches(engine, download.id, 'failed', 'completed')
  expect(failed).toMatchObject({
    state: 'failed',
    attempts: 5,
    reason: { code: 'NET_RESET', cause: 'network' },
  })
  expect(failed.reason?.message).toContain('5 attempts')
  expect(failed.actions).toEqual(['retry', 'cancel', 'forget'])
})

it('waits as long as the Hub asks, as a state with its time, and then goes on', async () => {
  await using w = await world()
  await w.hub.addRepo({ id: 'org/tiny', files: small })
  const limited = w.hub.fault({
    match: { role: 'hub', path: '/api/models', times: 1 },
    do: { status: 429, headers: { 'retry-after': '1' } },
  })
  const engine = await w.open()
  const { download } = await engine.downloads.create({ ref: 'org/tiny' })
  const waiting = await reaches(engine, download.id, 'waiting', 'failed')
  expect(waiting).toMatchObject({ state: 'waiting', reason: { code: 'HTTP_RATE_LIMITED' } })
  const asked = w.hub.log.length
  expect(waiting.reason?.retryAt).toBeGreaterThan(Date.now())
  const done = await reaches(engine, download.id, 'completed', 'failed')
  expect(done.state).toBe('completed')
  expect(limited.hits).toBe(1)
  const next = w.hub.log[asked]
  expect(performance.timeOrigin + (next?.startedAtMs ?? 0)).toBeGreaterThanOrEqual(
    (waiting.reason?.retryAt ?? 0) - 5,
  )
})

it('fails at its time limit, keeps the bytes, and uses them when retried', async () => {
  await using w = await world()
  const big = { ...weights, content: { seed: 'b', sizeBytes: 30 * MB } }
  await w.hub.addRepo({ id: 'org/big', files: [big] })
  w.hub.setCdnRate(3 * MB)
  const limits = { maxActive: 3, maxQueued: 100, connections: 1, retries: 5, timeLimitMs: 3_000 }
  const engine = await w.open({ limits })
  const { download } = await engine.downloads.create({ ref: 'org/big' })
  const failed = await reaches(engine, download.id, 'failed', 'completed')
  expect(failed).toMatchObject({ state: 'failed', reason: { code: 'TIME_LIMIT' } })
  expect(failed.progress.receivedBytes).toBeGreaterThan(2 * MB)
  w.hub.setCdnRate(undefined)
  w.hub.clearLog()
  const again = await engine.downloads.create({ ref: 'org/big' })
  expect(again).toMatchObject({ created: false, download: { id: download.id } })
  expect(await reaches(engine, download.id, 'completed', 'failed')).toMatchObject({
    state: 'completed',
  })
  const sent = w.hub.log
    .filter(({ role }) => role === 'cdn')
    .reduce((sum, { bytesSent }) => sum + bytesSent, 0)
  expect(sent).toBeLessThanOrEqual(30 * MB - failed.progress.receivedBytes + MB)
})

it('fetches one large file over several connections, and checks it', async () => {
  await using w = await world()
  await w.hub.addRepo({
    id: 'org/big',
    files: [...small, { ...weights, content: { seed: 'b', sizeBytes: 40 * MB } }],
  })
  w.hub.setCdnRate(3 * MB)
  const engine = await w.open()
  const { download } = await engine.downloads.create({ ref: 'org/big' })
  const done = await reaches(engine, download.id, 'completed', 'failed', 'blocked')
  expect(done).toMatchObject({ state: 'completed', result: { verified: true } })
  const cdn = w.hub.log.filter(({ role }) => role === 'cdn')
  expect(new Set(cdn.map(({ connection }) => connection)).size).toBeGreaterThanOrEqual(6)
  expect(cdn.reduce((sum, { bytesSent }) => sum + bytesSent, 0)).toBeLessThan(44 * MB)
})

it('plans without writing anything', async () => {
  await using w = await world()
  const { commit } = await w.hub.addRepo({ id: 'org/tiny', files: [...small, weights, copy] })
  const engine = await w.open()
  const signal = new AbortController().signal
  const plan = await engine.downloads.plan({ ref: 'org/tiny', exclude: ['*.txt'] }, { signal })
  expect(plan).toMatchObject({ revision: commit, fits: true, totalBytes: 12 * MB + 28 })
  expect(plan.files.map(({ path }) => path)).toEqual([
    'README.md',
    'config.json',
    copy.path,
    weights.path,
  ])
  expect(await readdir(w.dir.path)).toEqual(['home'])
})

it('takes as many at once as it may, in order, and refuses what the queue cannot hold', async () => {
  await using w = await world()
  w.hub.setCdnRate(MB)
  const limits = { maxActive: 1, maxQueued: 1, connections: 8, retries: 5, timeLimitMs: 60_000 }
  for (const id of ['org/a', 'org/b', 'org/c']) await w.hub.addRepo({ id, files: [weights] })
  const engine = await w.open({ limits })
  const first = await engine.downloads.create({ ref: 'org/a' })
  await reaches(engine, first.download.id, 'downloading')
  const second = await engine.downloads.create({ ref: 'org/b' })
  await expect(engine.downloads.create({ ref: 'org/c' })).rejects.toMatchObject({
    code: 'QUEUE_FULL',
  })
  expect(await engine.counts()).toEqual({ active: 1, queued: 1 })
  await engine.downloads.pause(first.download.id)
  await reaches(engine, second.download.id, 'downloading')
})

it('loses nothing when the disk fills up, and goes on when space returns', {
  timeout: 30_000,
}, async ({ skip }) => {
  skip(process.getuid?.() !== 0, 'only root can mount a small file system')
  await using w = await world()
  const mount = w.dir.join('hf')
  await mkdir(mount)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=60M', 'tmpfs', mount])
  try {
    const big = { ...weights, content: { seed: 'b', sizeBytes: 40 * MB } }
    const { commit } = await w.hub.addRepo({ id: 'org/big', files: [big] })
    w.hub.setCdnRate(2 * MB)
    const engine = await w.open()
    const { download } = await engine.downloads.create({ ref: 'org/big' })
    await receives(engine, download.id, 5 * MB)
    const filler = join(mount, 'filler')
    await writeFile(filler, Buffer.alloc(35 * MB))
    const blocked = await reaches(engine, download.id, 'blocked', 'failed', 'completed')
    expect(blocked).toMatchObject({ state: 'blocked', reason: { code: 'DISK_FULL' } })
    expect(blocked.progress.receivedBytes).toBeGreaterThanOrEqual(5 * MB)
    w.hub.setCdnRate(undefined)
    w.hub.clearLog()
    await rm(filler)
    const done = await reaches(engine, download.id, 'completed', 'failed')
    expect(done.state).toBe('completed')
    const sent = w.hub.log
      .filter(({ role }) => role === 'cdn')
      .reduce((sum, { bytesSent }) => sum + bytesSent, 0)
    expect(sent).toBeLessThanOrEqual(40 * MB - blocked.progress.receivedBytes + 2 * MB)
    expect(await sha256File(join(w.cache, 'models--org--big/snapshots', commit, big.path))).toBe(
      await readlink(join(w.cache, 'models--org--big/snapshots', commit, big.path)).then((link) =>
        link.split('/').at(-1),
      ),
    )
    await engine.close()
  } finally {
    // Also while a failed test still has files open there.
    execFileSync('umount', ['--lazy', mount])
  }
})

/** Waits for a sample that shows at least so many bytes. */
async function receives(engine: Engine, id: string, bytes: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const off = engine.events.subscribe((event) => {
    if (event.type !== 'download.progressed' || event.data.id !== id) return
    if (event.data.progress.receivedBytes >= bytes) resolve()
  })
  await promise
  off()
}

it('does not follow its own Hub to a private address that nobody allowed', async () => {
  await using w = await world()
  await w.hub.addRepo({ id: 'org/tiny', files: [weights] })
  const engine = await w.open({ allowedHosts: [] })
  const { download } = await engine.downloads.create({ ref: 'org/tiny' })
  const failed = await reaches(engine, download.id, 'completed', 'failed', 'blocked')
  expect(failed).toMatchObject({ state: 'failed', reason: { code: 'URL_BLOCKED' } })
  expect(failed.reason?.hint).toContain('WINDLASS_ALLOW_HOSTS')
  expect(w.hub.log.filter(({ role }) => role === 'cdn')).toEqual([])
  expect(w.hub.log.filter(({ file }) => file === weights.path)).toHaveLength(1)
})
