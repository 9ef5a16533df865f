import { type ManualClock, manualClock } from '@windlass/testkit'
import { describe, expect, it } from 'vitest'
import { NO_BANDWIDTH_LIMITS } from './bandwidth-limits.ts'
import { type Bandwidth, createBandwidth } from './create-bandwidth.ts'
import type { ByteMeter } from './throttle.ts'

const MB = 1_000_000
const CHUNK = 65_536

interface Load {
  readonly id: string
  readonly connections?: number
  readonly source?: string
  readonly host?: string
  readonly limitRate?: number
  readonly chunkBytes?: number
  /** What the host itself sends at most, on each connection. */
  readonly hostRate?: number
}

interface Flow {
  received: number
  stop(): void
}

/** A download whose hosts send as fast as it reads: all that it gets is what the limits let through. */
function flow(bandwidth: Bandwidth, clock: ManualClock, load: Load): Flow {
  const { id, connections = 1, source = 'huggingface', host = 'cdn.example' } = load
  const throttle = bandwidth.open({ id, source, limitRate: load.limitRate ?? null })
  const controller = new AbortController()
  const { signal } = controller
  const state: Flow = {
    received: 0,
    stop() {
      controller.abort(new Error('stopped'))
      throttle.close()
    },
  }
  const read = async (): Promise<void> => {
    const meter = throttle.open(new URL(`https://${host}/file`), { signal })
    const chunkBytes = load.chunkBytes ?? CHUNK
    // A host at full speed still takes a moment, so that a missing limit ends the test, not the machine.
    const chunkMs = load.hostRate ? (chunkBytes / load.hostRate) * 1000 : 0.05
    let sentMs = clock.monotonicMs()
    while (!signal.aborted) {
      state.received += chunkBytes
      await meter.take(chunkBytes)
      // What the host sends while nobody reads waits in the socket, up to a few chunks.
      sentMs = Math.max(sentMs + chunkMs, clock.monotonicMs() - 4 * chunkMs)
      await clock.sleep(Math.max(0.05, sentMs - clock.monotonicMs()), { signal })
    }
  }
  for (let n = 0; n < connections; n++) read().catch(() => undefined) // stopped
  return state
}

function world(limits: Partial<Bandwidth['limits']>) {
  const clock = manualClock()
  const bandwidth = createBandwidth(clock, { ...NO_BANDWIDTH_LIMITS, ...limits })
  return { clock, bandwidth, start: (load: Load) => flow(bandwidth, clock, load) }
}

/** Bytes of each flow over the next `seconds`. */
async function measure(clock: ManualClock, seconds: number, flows: readonly Flow[]) {
  const before = flows.map(({ received }) => received)
  // What was just started comes to its first wait.
  await clock.advance(0)
  await clock.advance(seconds * 1000)
  return flows.map(({ received }, index) => received - (before[index] ?? 0))
}

function within(share: number, actual: number | undefined, wanted: number): void {
  expect(actual).toBeGreaterThanOrEqual(wanted * (1 - share))
  expect(actual).toBeLessThanOrEqual(wanted * (1 + share))
}

describe('over ten seconds, from the first byte on', () => {
  it.each([
    ['1 connection at 100 KB/s', 100_000, 1, CHUNK],
    ['8 connections at 250 KB/s', 250_000, 8, CHUNK / 4],
    ['1 connection at 1 MB/s', MB, 1, CHUNK],
    ['8 connections at 1 MB/s', MB, 8, CHUNK],
    ['8 connections at 20 MB/s', 20 * MB, 8, CHUNK],
    ['64 connections at 50 MB/s', 50 * MB, 64, 16_384],
    ['odd chunks', 3_333_333, 5, 1_461],
  ])('%s get what the limit says, to 5 %', async (_name, limitRate, connections, chunkBytes) => {
    const { clock, start } = world({ limitRate })
    const one = start({ id: 'a', connections, chunkBytes })
    const [bytes] = await measure(clock, 10, [one])
    within(0.05, bytes, limitRate * 10)
    one.stop()
  })

  it.each(['perSource', 'perHost', 'perDownload', 'own'] as const)(
    'the limit %s holds as exactly, and for nobody else',
    async (kind) => {
      const { clock, start } = world({
        ...(kind === 'perSource' ? { perSource: { huggingface: 2 * MB } } : {}),
        ...(kind === 'perHost' ? { perHost: { 'CDN.example': 2 * MB } } : {}),
        ...(kind === 'perDownload' ? { perDownload: 2 * MB } : {}),
      })
      const own = kind === 'own' ? { limitRate: 2 * MB } : {}
      const slow = start({ id: 'a', connections: 4, ...own })
      const other = { id: 'b', source: 'http', host: 'other.example', hostRate: 5 * MB }
      const free = start(other)
      const [limited, unlimited] = await measure(clock, 10, [slow, free])
      within(0.05, limited, 20 * MB)
      within(0.05, unlimited, kind === 'perDownload' ? 20 * MB : 50 * MB)
      for (const each of [slow, free]) each.stop()
    },
  )

  it('a limit for one port of a host counts beside that of the host', async () => {
    const { clock, start } = world({ perHost: { h: 3 * MB, 'h:8443': MB } })
    const [one, two] = [start({ id: 'a', host: 'h:8443' }), start({ id: 'b', host: 'h' })]
    const [narrow, wide] = await measure(clock, 10, [one, two])
    within(0.05, narrow, 10 * MB)
    within(0.05, wide, 20 * MB)
    for (const each of [one, two]) each.stop()
  })
})

it('lets through no burst after a time of rest', async () => {
  const { clock, bandwidth, start } = world({ limitRate: MB })
  const first = start({ id: 'a', connections: 8 })
  await clock.advance(5000)
  first.stop()
  await clock.advance(60_000)
  expect(clock.waiting).toBe(0)
  const second = flow(bandwidth, clock, { id: 'b', connections: 8, chunkBytes: 8192 })
  const [bytes] = await measure(clock, 1, [second])
  // A tenth of a second saved up, and a chunk on each connection that was read before it was counted.
  expect(bytes).toBeLessThanOrEqual(1.1 * MB + 8 * 8192)
  second.stop()
})

describe('below one limit', () => {
  it('each download gets the same, whatever its connections and chunks', async () => {
    const { clock, start } = world({ limitRate: 4 * MB })
    const flows = [
      start({ id: 'a', connections: 8 }),
      start({ id: 'b', connections: 1 }),
      start({ id: 'c', connections: 3, chunkBytes: 1000 }),
      start({ id: 'd', connections: 1, chunkBytes: 20_000 }),
    ]
    for (const bytes of await measure(clock, 10, flows)) within(0.05, bytes, 10 * MB)
    for (const each of flows) each.stop()
  })

  it('what one cannot use the others share', async () => {
    const { clock, start } = world({ limitRate: 10 * MB })
    const flows = [
      start({ id: 'own', connections: 8, limitRate: MB }),
      start({ id: 'slow host', connections: 2, hostRate: 0.5 * MB }),
      start({ id: 'b', connections: 8 }),
      start({ id: 'c', connections: 2 }),
    ]
    const [own, slow, b, c] = await measure(clock, 10, flows)
    within(0.05, own, 10 * MB)
    within(0.05, slow, 10 * MB)
    within(0.05, b, 40 * MB)
    within(0.05, c, 40 * MB)
    for (const each of flows) each.stop()
  })

  it('the downloads of a limited source share its part alone', async () => {
    const { clock, start } = world({ limitRate: 10 * MB, perSource: { huggingface: 2 * MB } })
    const flows = [
      start({ id: 'a', connections: 8 }),
      start({ id: 'b' }),
      start({ id: 'c', source: 'http' }),
    ]
    const [a, b, c] = await measure(clock, 10, flows)
    within(0.05, a, 10 * MB)
    within(0.05, b, 10 * MB)
    within(0.05, c, 80 * MB)
    for (const each of flows) each.stop()
  })

  it('a small file is not stuck behind eight big connections', async () => {
    const { clock, bandwidth, start } = world({ limitRate: MB })
    const big = start({ id: 'big', connections: 8 })
    await clock.advance(5000)
    const { signal } = new AbortController()
    const meter = bandwidth
      .open({ id: 'small', source: 'huggingface', limitRate: null })
      .open(new URL('https://cdn.example/config.json'), { signal })
    let done = false
    void Promise.resolve(meter.take(4096)).then(() => {
      done = true
    })
    // One chunk of the other download, and its own.
    await clock.advance(150)
    expect(done).toBe(true)
    big.stop()
  })

  it('many small files keep to the limit as one big file does', async () => {
    const { clock, bandwidth } = world({ limitRate: MB })
    const throttle = bandwidth.open({ id: 'a', source: 'huggingface', limitRate: null })
    const controller = new AbortController()
    const { signal } = controller
    let received = 0
    const fetchFiles = async (): Promise<void> => {
      while (!signal.aborted) {
        const meter: ByteMeter = throttle.open(new URL('https://cdn.example/'), { signal })
        received += 3000
        await meter.take(3000)
        meter.close()
        await clock.sleep(0.05, { signal })
      }
    }
    for (let n = 0; n < 8; n++) fetchFiles().catch(() => undefined) // stopped
    await clock.advance(10_000)
    within(0.05, received, 10 * MB)
    controller.abort(new Error('stopped'))
  })
})

describe('while it runs', () => {
  it('a change holds within a second, down, up, off and on again', async () => {
    const { clock, bandwidth, start } = world({ limitRate: 10 * MB })
    const one = start({ id: 'a', connections: 8, hostRate: 5 * MB })
    await clock.advance(2000)
    for (const limitRate of [0.5 * MB, 8 * MB, 2 * MB, null, MB]) {
      bandwidth.setLimits({ ...NO_BANDWIDTH_LIMITS, limitRate })
      await clock.advance(1000)
      const [bytes] = await measure(clock, 10, [one])
      within(0.05, bytes, (limitRate ?? 40 * MB) * 10)
    }
    one.stop()
  })

  it('the own limit of a running download can be changed and lifted', async () => {
    const { clock, bandwidth, start } = world({ perDownload: 4 * MB })
    const one = start({ id: 'a', connections: 2, limitRate: MB })
    within(0.05, (await measure(clock, 10, [one]))[0], 10 * MB)
    bandwidth.setDownloadRate('a', 2 * MB)
    await clock.advance(1000)
    within(0.05, (await measure(clock, 10, [one]))[0], 20 * MB)
    bandwidth.setDownloadRate('a', null)
    await clock.advance(1000)
    within(0.05, (await measure(clock, 10, [one]))[0], 40 * MB)
    one.stop()
    bandwidth.setDownloadRate('a', 1)
  })

  it('whoever waits for hours at a tiny limit is let go when it is lifted', async () => {
    const { clock, bandwidth } = world({ limitRate: 1 })
    const throttle = bandwidth.open({ id: 'a', source: 'http', limitRate: null })
    const meter = throttle.open(new URL('https://h/'), { signal: new AbortController().signal })
    const turn = meter.take(CHUNK)
    expect(turn).not.toBeNull()
    bandwidth.setLimits(NO_BANDWIDTH_LIMITS)
    await turn
    expect(clock.waiting).toBe(0)
    expect(meter.take(CHUNK)).toBeNull()
  })
})

it('asks nobody to wait while there is no limit', () => {
  const { bandwidth } = world({})
  const throttle = bandwidth.open({ id: 'a', source: 'http', limitRate: null })
  const meter = throttle.open(new URL('https://h/'), { signal: new AbortController().signal })
  for (let n = 0; n < 1000; n++) expect(meter.take(CHUNK)).toBeNull()
})

it('ends a wait with the reason of the signal, and leaves its share to the others', async () => {
  const { clock, bandwidth, start } = world({ limitRate: 100_000 })
  const controller = new AbortController()
  const meter = bandwidth
    .open({ id: 'gone', source: 'http', limitRate: null })
    .open(new URL('https://h/'), { signal: controller.signal })
  const reason = new Error('paused')
  const turn = meter.take(1000)
  controller.abort(reason)
  await expect(turn).rejects.toBe(reason)
  expect(clock.waiting).toBe(0)
  const other = start({ id: 'b', chunkBytes: 1000 })
  within(0.05, (await measure(clock, 10, [other]))[0], MB)
  other.stop()
})

it('gives back what a closed body had set aside', async () => {
  const { clock, bandwidth, start } = world({ limitRate: MB })
  const throttle = bandwidth.open({ id: 'a', source: 'http', limitRate: null })
  const { signal } = new AbortController()
  await clock.advance(1000)
  // Each sets aside a portion that never comes.
  for (let n = 0; n < 1000; n++) {
    const meter = throttle.open(new URL('https://h/'), { signal })
    void meter.take(10)
    meter.close()
  }
  const other = start({ id: 'b', chunkBytes: 1000 })
  within(0.05, (await measure(clock, 10, [other]))[0], 10 * MB)
  other.stop()
  throttle.close()
})
