import { assert, describe, expect, it, vi } from 'vitest'
import { startInterimProxy } from './interim-proxy.fixture.ts'
import {
  addRepo,
  bytesSent,
  faultOnce,
  firstByte,
  MB,
  OVER,
  onDisk,
  SIZE,
  world,
} from './status-world.fixture.ts'

// Ids in names are those of the catalogue (group H). Each test looks at three things: state and
// code, what is on the disk, and what the host was asked for.

vi.setConfig({ testTimeout: 30_000 })

describe('a host in trouble', () => {
  it.each([500, 502, 503, 504])(
    'H1: %d three times in the middle of a file, and it goes on where it stood',
    async (status) => {
      await using w = await world()
      const { commit } = await addRepo(w)
      faultOnce(w, 'cdn', { cutAt: 2 * MB })
      const trouble = faultOnce(w, 'cdn', { status }, 3)
      const id = await w.pull('org/a')
      expect(await w.reaches(id, ...OVER)).toMatchObject({ state: 'completed' })
      expect(await onDisk(w, 'org/a', commit)).toBe('right')
      const [cut, ...rest] = w.requests('cdn')
      assert(cut)
      expect(trouble.hits).toBe(3)
      for (const entry of rest) expect(firstByte(entry)).toBeGreaterThan(MB)
      expect(bytesSent(w.requests('cdn'))).toBeLessThanOrEqual(SIZE + MB)
    },
  )

  it.each([408, 425, 421])('H15: %d passes by itself', async (status) => {
    await using w = await world()
    const { commit } = await addRepo(w)
    faultOnce(w, 'hub', { status })
    faultOnce(w, 'cdn', { status })
    const id = await w.pull('org/a')
    const waiting = await w.reaches(id, 'waiting', ...OVER)
    expect(waiting).toMatchObject({
      state: 'waiting',
      reason: { code: status === 408 ? 'NET_TIMEOUT' : 'HTTP_SERVER' },
    })
    expect(await w.reaches(id, ...OVER)).toMatchObject({ state: 'completed' })
    expect(await onDisk(w, 'org/a', commit)).toBe('right')
    const [refused, answered] = w.requests('cdn')
    expect([refused?.status, answered?.status]).toEqual([status, 206])
    expect(bytesSent(w.requests('cdn'))).toBe(SIZE)
  })

  it('H15: after a 421 another connection is used', async () => {
    await using w = await world()
    await addRepo(w)
    faultOnce(w, 'cdn', { status: 421 })
    const id = await w.pull('org/a')
    expect(await w.reaches(id, ...OVER)).toMatchObject({ state: 'completed' })
    const [refused, answered] = w.requests('cdn')
    expect(refused?.status).toBe(421)
    expect(answered?.connection).not.toBe(refused?.connection)
  })
})

describe('an answer that makes no sense', () => {
  it.each([204, 205, 304])('H16: %d for a file is asked for once more', async (status) => {
    await using w = await world()
    const { commit } = await addRepo(w)
    faultOnce(w, 'cdn', { status })
    const id = await w.pull('org/a')
    expect(await w.reaches(id, ...OVER)).toMatchObject({ state: 'completed' })
    expect(await onDisk(w, 'org/a', commit)).toBe('right')
    expect(w.requests('cdn').map((entry) => entry.status)).toEqual([status, 206])
  })

  it.each([204, 205, 304])('H16: %d for a file, twice, ends it', async (status) => {
    await using w = await world()
    const { commit } = await addRepo(w)
    const fault = w.hub.fault({ match: { role: 'cdn' }, do: { status } })
    const id = await w.pull('org/a')
    const failed = await w.reaches(id, ...OVER)
    expect(failed).toMatchObject({ state: 'failed', reason: { code: 'HTTP_PROTOCOL' } })
    expect(failed.reason?.message).toContain(String(status))
    expect(await onDisk(w, 'org/a', commit)).toBe('absent')
    expect(fault.hits).toBe(2)
  })

  it.each([204, 206, 304])('H16: %d where nobody asked for a part', async (status) => {
    await using w = await world()
    const { commit } = await addRepo(w)
    const once = faultOnce(w, 'hub', { status, body: status === 206 ? '{}' : '' })
    const id = await w.pull('org/a')
    expect(await w.reaches(id, ...OVER)).toMatchObject({ state: 'completed' })
    expect(await onDisk(w, 'org/a', commit)).toBe('right')
    expect(once.hits).toBe(1)

    w.hub.clearFaults()
    await addRepo(w, 'org/b')
    const always = faultOnce(w, 'hub', { status, body: status === 206 ? '{}' : '' }, 10)
    const other = await w.pull('org/b')
    expect(await w.reaches(other, ...OVER)).toMatchObject({
      state: 'failed',
      reason: { code: 'HTTP_PROTOCOL' },
    })
    expect(always.hits).toBe(2)
  })

  it('H17: 102 and 103 before every answer are passed over', async () => {
    await using w = await world()
    const { commit } = await addRepo(w)
    await using proxy = await startInterimProxy(w.hub.endpoint, (answer) => {
      answer.writeProcessing()
      answer.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' })
    })
    await using through = await world({ hub: { endpoint: () => proxy.url } })
    // The second world's engine asks the first one's Hub, through the proxy.
    const id = await through.pull('org/a')
    expect(await through.reaches(id, ...OVER)).toMatchObject({ state: 'completed' })
    expect(await onDisk(through, 'org/a', commit)).toBe('right')
    expect(proxy.hits()).toBe(w.requests('hub').length)
    expect(bytesSent(w.requests('cdn'))).toBe(SIZE)
  })
})

describe('an interim answer that nobody asked for', () => {
  it('H17: a 100 ends its connection, which is tried again', async () => {
    await using w = await world()
    const { commit } = await addRepo(w)
    let said = 0
    await using proxy = await startInterimProxy(w.hub.endpoint, (answer) => {
      if (said++ === 1) answer.writeContinue()
    })
    await using through = await world({ hub: { endpoint: () => proxy.url } })
    const id = await through.pull('org/a')
    expect(await through.reaches(id, ...OVER)).toMatchObject({ state: 'completed' })
    expect(await onDisk(through, 'org/a', commit)).toBe('right')
    expect(bytesSent(w.requests('cdn'))).toBe(SIZE)
  })
})

describe('a host that answers HEAD otherwise than GET', () => {
  it.each([
    ['H19: 403', { status: 403 }],
    ['H19: 405', { status: 405 }],
    ['H20: another length', { headers: { 'content-length': '17' } }],
  ])('%s does not matter: only GET is asked', async (_name, action) => {
    await using w = await world()
    const { commit } = await addRepo(w)
    const fault = w.hub.fault({ match: { method: 'HEAD' }, do: action })
    const id = await w.pull('org/a')
    expect(await w.reaches(id, ...OVER)).toMatchObject({
      state: 'completed',
      result: { verified: true },
    })
    expect(await onDisk(w, 'org/a', commit)).toBe('right')
    expect(fault.hits).toBe(0)
    expect(w.hub.log.every(({ method }) => method === 'GET')).toBe(true)
  })
})

it('H14: a host that sends large files in ranges only is asked for nothing else', async () => {
  await using w = await world({ hub: { hub: { maxRangelessBytes: 1 * MB } } })
  const { commit } = await addRepo(w)
  const file = await fetch(`${w.hub.endpoint}/org/a/resolve/${commit}/model.safetensors`)
  expect(file.status).toBe(400)
  w.hub.clearLog()
  const id = await w.pull('org/a')
  expect(await w.reaches(id, ...OVER)).toMatchObject({ state: 'completed' })
  expect(await onDisk(w, 'org/a', commit)).toBe('right')
  expect(w.requests('cdn').map(({ status, range }) => ({ status, range }))).toEqual([
    { status: 206, range: `bytes=0-${SIZE - 1}` },
  ])
})
