import { performance } from 'node:perf_hooks'
import { assert, describe, expect, it, vi } from 'vitest'
import { fastClock } from './hub-engine.fixture.ts'
import {
  addRepo,
  bytesSent,
  faultOnce,
  MB,
  OVER,
  onDisk,
  SIZE,
  seconds,
  secondsLeft,
  type World,
  world,
} from './status-world.fixture.ts'

// Ids in names are those of the catalogue (group H). Each test looks at three things: state and
// code, what is on the disk, and what the host was asked for.

vi.setConfig({ testTimeout: 30_000 })

describe('a host that asks for rest', () => {
  it('H2: 503 with Retry-After makes the whole host wait for 7 s, and not much longer', async () => {
    await using w = await world()
    const { commit } = await addRepo(w)
    await addRepo(w, 'org/b')
    faultOnce(w, 'hub', { status: 503, headers: { 'retry-after': '7' } })
    const first = await w.pull('org/a')
    const waiting = await w.reaches(first, 'waiting', ...OVER)
    expect(waiting).toMatchObject({ state: 'waiting', reason: { code: 'HTTP_SERVER' } })
    const second = await w.pull('org/b')
    expect(await w.reaches(second, 'waiting', ...OVER)).toMatchObject({
      state: 'waiting',
      reason: { code: 'HTTP_RATE_LIMITED' },
    })
    expect(await onDisk(w, 'org/a', commit)).toBe('absent')
    for (const id of [first, second]) {
      expect(await w.reaches(id, ...OVER)).toMatchObject({ state: 'completed' })
    }
    expect(await onDisk(w, 'org/a', commit)).toBe('right')
    const [refused, next] = w.requests('hub')
    assert(refused && next)
    const waited = seconds(w, refused.startedAtMs, next.startedAtMs)
    expect(waited).toBeGreaterThanOrEqual(7)
    // Half a second by chance at each of two places, half a second until somebody looks, and a busy machine.
    expect(waited).toBeLessThan(12)
  })

  it('H3: 429 with Retry-After is asked nothing before, by any of eight downloads', async () => {
    await using w = await world()
    const ids = Array.from({ length: 8 }, (_, n) => `org/r${n}`)
    for (const id of ids) await addRepo(w, id)
    faultOnce(w, 'hub', { status: 429, headers: { 'retry-after': '20' } })
    const jobs = [await w.pull('org/r0')]
    await w.reaches(jobs[0] ?? '', 'waiting', ...OVER)
    for (const id of ids.slice(1)) jobs.push(await w.pull(id))
    for (const job of jobs) {
      const waiting = await w.reaches(job, 'waiting', ...OVER)
      expect(waiting).toMatchObject({ state: 'waiting', reason: { code: 'HTTP_RATE_LIMITED' } })
      expect(secondsLeft(w, waiting)).toBeGreaterThan(0)
    }
    expect(w.hub.log).toHaveLength(1)
    for (const job of jobs) {
      expect(await w.reaches(job, ...OVER)).toMatchObject({ state: 'completed', attempts: 0 })
    }
    const [refused, ...rest] = w.requests('hub')
    assert(refused)
    const waits = rest.map((entry) => seconds(w, refused.startedAtMs, entry.startedAtMs))
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(20)
    // Two calls resolve a repository and one each leads to its two files: none is spent on asking too early.
    const whole = rest.length / jobs.length
    expect(whole).toBe(Math.round(whole))
    expect(w.hub.log.filter(({ status }) => status === 429)).toHaveLength(1)
  })

  it('H3: eight downloads at work leave the host of the bytes alone when it asks one of them', async () => {
    await using w = await world({ factor: 10 })
    const ids = Array.from({ length: 8 }, (_, n) => `org/r${n}`)
    for (const id of ids) {
      const files = [0, 1, 2, 3].map((n) => ({
        path: `part-${n}.safetensors`,
        content: { seed: `${id} ${n}`, sizeBytes: 400_000 },
      }))
      await w.hub.addRepo({ id, files })
    }
    w.hub.setCdnRate(4 * MB)
    const refusal = { status: 429, headers: { 'retry-after': '12' } }
    w.hub.fault({ match: { role: 'cdn', nth: 12 }, do: refusal })
    const jobs = await Promise.all(ids.map((id) => w.pull(id)))
    for (const job of jobs) {
      expect(await w.reaches(job, ...OVER)).toMatchObject({ state: 'completed' })
    }
    const cdn = w.requests('cdn')
    const refused = cdn.find(({ status }) => status === 429)
    assert(refused)
    const waits = cdn.map((entry) => seconds(w, refused.startedAtMs, entry.startedAtMs))
    // What was on its way when the answer came is no new request: 100 ms of the real clock for it.
    expect(waits.filter((waited) => waited > 1 && waited < 12)).toEqual([])
    expect(waits.some((waited) => waited >= 12)).toBe(true)
    expect(cdn.filter(({ status }) => status === 429)).toHaveLength(1)
    expect(bytesSent(cdn)).toBe(8 * 4 * 400_000)
  })

  const dateIn = (secondsAhead: number): string =>
    new Date(Date.now() + secondsAhead * 1000).toUTCString()

  it.each([
    ['the date of a host whose clock is an hour off', dateIn(3630), dateIn(3600), 28, 31],
    [
      'an obsolete form of date',
      'Sunday, 06-Nov-94 08:50:07 GMT',
      'Sun, 06 Nov 1994 08:49:37 GMT',
      29,
      31,
    ],
    ['a date in the past', dateIn(-60), dateIn(0), 0, 2],
    ['a date in ten years', dateIn(3e8), dateIn(0), 86_390, 86_401],
  ])('H4: 429 until %s', async (_name, retryAfter, date, least, most) => {
    await using w = await world({ factor: 5 })
    const { commit } = await addRepo(w)
    const fault = { status: 429, headers: { 'retry-after': retryAfter, date } }
    const limited = faultOnce(w, 'hub', fault)
    const before = w.clock.now()
    const id = await w.pull('org/a')
    const { state, reason } = await w.reaches(id, 'waiting', ...OVER)
    assert(reason?.retryAt !== undefined)
    expect({ state, code: reason.code }).toEqual({ state: 'waiting', code: 'HTTP_RATE_LIMITED' })
    const asked = (reason.retryAt - before) / 1000
    // The request itself takes its time on a clock that is five times as fast.
    expect(asked).toBeGreaterThanOrEqual(Math.max(1, least))
    expect(asked).toBeLessThan(most + 10)
    expect(limited.hits).toBe(1)
    expect(w.hub.log).toHaveLength(1)
    expect(await onDisk(w, 'org/a', commit)).toBe('absent')
  })

  it('H5: 429 without a time is tried again after a growing pause', async () => {
    await using w = await world()
    const { commit } = await addRepo(w)
    const limited = faultOnce(w, 'hub', { status: 429 }, 2)
    const onFile = faultOnce(w, 'cdn', { status: 429 }, 2)
    const id = await w.pull('org/a')
    expect(await w.reaches(id, 'waiting', ...OVER)).toMatchObject({
      state: 'waiting',
      reason: { code: 'HTTP_RATE_LIMITED' },
    })
    expect(await w.reaches(id, ...OVER)).toMatchObject({ state: 'completed' })
    expect(await onDisk(w, 'org/a', commit)).toBe('right')
    expect([limited.hits, onFile.hits]).toEqual([2, 2])
    expect(bytesSent(w.requests('cdn'))).toBe(SIZE)
  })

  it("H5: 429 with the Hub's empty bucket is tried again when it is filled", async () => {
    await using w = await world({ factor: 40 })
    const { commit } = await addRepo(w)
    faultOnce(w, 'hub', { status: 429, headers: { ratelimit: '"api";r=0;t=55' } })
    const id = await w.pull('org/a')
    const waiting = await w.reaches(id, 'waiting', ...OVER)
    expect(waiting).toMatchObject({ state: 'waiting', reason: { code: 'HTTP_RATE_LIMITED' } })
    expect(await w.reaches(id, ...OVER)).toMatchObject({ state: 'completed' })
    expect(await onDisk(w, 'org/a', commit)).toBe('right')
    const [refused, next] = w.requests('hub')
    assert(refused && next)
    const waited = seconds(w, refused.startedAtMs, next.startedAtMs)
    expect(waited).toBeGreaterThanOrEqual(56)
    expect(waited).toBeLessThan(76)
  })

  it('H6: a rest of a day is a state with its time, and a person may ask once more', async () => {
    await using w = await world({ factor: 100 })
    const { commit } = await addRepo(w)
    const day = { status: 429, headers: { 'retry-after': '86400' } }
    faultOnce(w, 'hub', day, 2)
    const id = await w.pull('org/a')
    const waiting = await w.reaches(id, 'waiting', ...OVER)
    expect(waiting).toMatchObject({
      state: 'waiting',
      actions: ['resume', 'pause', 'cancel', 'move'],
    })
    expect(secondsLeft(w, waiting)).toBeGreaterThan(86_000)
    // A minute of its clock, in which it looks a hundred times whether something is due.
    await w.clock.sleep(60_000, { signal: new AbortController().signal })
    expect(w.hub.log).toHaveLength(1)
    expect(await w.engine.downloads.find(id)).toMatchObject({ state: 'waiting' })

    await w.engine.downloads.resume(id)
    await refusals(w, 2)
    expect(await w.reaches(id, 'waiting', ...OVER)).toMatchObject({ state: 'waiting' })
    // The host has said it again: now it counts.
    await w.engine.downloads.resume(id)
    const again = await w.reaches(id, 'waiting', ...OVER)
    expect(secondsLeft(w, again)).toBeGreaterThan(80_000)
    expect(w.hub.log).toHaveLength(2)
    expect(await onDisk(w, 'org/a', commit)).toBe('absent')
  })

  it('H6: asked once more by a person, a host that has recovered is used at once', async () => {
    await using w = await world({ factor: 20 })
    const { commit } = await addRepo(w)
    faultOnce(w, 'hub', { status: 429, headers: { 'retry-after': '86400' } })
    const id = await w.pull('org/a')
    await w.reaches(id, 'waiting', ...OVER)
    await w.engine.downloads.resume(id)
    expect(await w.reaches(id, ...OVER)).toMatchObject({ state: 'completed' })
    expect(await onDisk(w, 'org/a', commit)).toBe('right')
    expect(w.hub.log.filter(({ status }) => status === 429)).toHaveLength(1)
  })

  it.each(['soon', '-5', '1e99', '1.5', ''])(
    'H7: Retry-After %j is no time, so the pause is our own',
    async (value) => {
      await using w = await world()
      const { commit } = await addRepo(w)
      const limited = faultOnce(w, 'hub', { status: 429, headers: { 'retry-after': value } })
      const id = await w.pull('org/a')
      const waiting = await w.reaches(id, 'waiting', ...OVER)
      expect(waiting).toMatchObject({ state: 'waiting', reason: { code: 'HTTP_RATE_LIMITED' } })
      expect(secondsLeft(w, waiting)).toBeLessThanOrEqual(1)
      expect(await w.reaches(id, ...OVER)).toMatchObject({ state: 'completed' })
      expect(await onDisk(w, 'org/a', commit)).toBe('right')
      expect(limited.hits).toBe(1)
    },
  )

  it('G13: a quota that is used up is waited out before the host has to refuse', async () => {
    const clock = fastClock(40)
    const rateLimits = { resolvers: 20, windowSeconds: 60 }
    await using w = await world({
      factor: 40,
      hub: { hub: { now: () => clock.now(), rateLimits }, clock },
    })
    const files = Array.from({ length: 25 }, (_, n) => ({ path: `f${n}.txt`, content: `${n}` }))
    await w.hub.addRepo({ id: 'org/many', files })
    const id = await w.pull('org/many')
    const waiting = await w.reaches(id, 'waiting', ...OVER)
    expect(waiting).toMatchObject({ state: 'waiting', reason: { code: 'HTTP_RATE_LIMITED' } })
    // A small file costs two: the Hub leads from /resolve/ to /api/resolve-cache/.
    expect(waiting.progress.filesDone).toBe(10)
    // Only what counts in that bucket rests.
    const signal = new AbortController().signal
    await w.engine.downloads.plan({ ref: 'org/many' }, { signal })
    expect(await w.reaches(id, ...OVER)).toMatchObject({
      state: 'completed',
      progress: { filesDone: 25 },
    })
    expect(w.hub.log.map(({ status }) => status)).not.toContain(429)
    expect(w.requests('hub').filter(({ path }) => path.includes('/resolve'))).toHaveLength(50)
  })
})

/** Waits until the host has refused so many requests. */
async function refusals(w: World, count: number): Promise<void> {
  const deadline = performance.now() + 10_000
  while (w.hub.log.filter(({ status }) => status === 429).length < count) {
    assert(performance.now() < deadline, `fewer than ${count} refusals`)
    await w.clock.sleep(100, { signal: new AbortController().signal })
  }
}
