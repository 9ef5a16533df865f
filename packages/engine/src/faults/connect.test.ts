import { createServer } from 'node:net'
import { openBlackhole, startChaosProxy } from '@windlass/testkit'
import { describe, expect, it } from 'vitest'
import { lookUpBySystem, type NameLookup } from '../net/egress/look-up-name.ts'
import { testPorts } from './engine-options.fixture.ts'
import { fastClock } from './hub-engine.fixture.ts'
import { RANGED_SOURCES, type RangedHost } from './ranged-sources.fixture.ts'
import { type Fault, runFault } from './run-fault.test-suite.ts'

const MB = 1_000_000
/** What was there before the fault: the first answer is cut off here. */
const N = MB
const CUT = { match: { nth: 1 }, do: { cutAt: N } }
const ON_RESUME = { rangeFromAtLeast: 1 }

interface Row {
  readonly id: string
  readonly fault: string
  readonly code: 'NET_DNS' | 'NET_REFUSED' | 'NET_TIMEOUT' | 'NET_RESET'
  readonly http?: Fault['http']
  /** Brings the fault for so many resumes; what it returns is called at the end. */
  readonly inject: (host: RangedHost, times: number) => Promise<void> | void
}

const leadTo = (host: RangedHost, times: number, url: string): void => {
  host.faultWay({ match: { ...ON_RESUME, times }, do: { redirect: url } })
}

const isCut = (host: RangedHost): boolean => host.requests().some(({ end }) => end === 'cut')

/** Failures that pass by themselves. */
const ROWS: readonly Row[] = [
  {
    id: 'C1',
    fault: 'the name does not exist',
    code: 'NET_DNS',
    inject: (host, times) => leadTo(host, times, 'http://nothing.invalid/model.bin'),
  },
  {
    id: 'C2',
    fault: 'no name server answers in time',
    code: 'NET_DNS',
    http: {
      timeouts: { connectMs: 300 },
      lookup: (name) => (name === 'nothing.invalid' ? new Promise(() => {}) : lookUpBySystem(name)),
    },
    inject: (host, times) => leadTo(host, times, 'http://nothing.invalid/model.bin'),
  },
  {
    id: 'C4',
    fault: 'the connection is refused',
    code: 'NET_REFUSED',
    inject: async (host, times) =>
      leadTo(host, times, `http://127.0.0.1:${await closedPort()}/model.bin`),
  },
  {
    id: 'C7',
    fault: 'the connection is reset when it is accepted',
    code: 'NET_RESET',
    inject: (host, times) =>
      void host.faultConnections({ when: () => isCut(host), times, do: 'reset' }),
  },
  {
    id: 'C7',
    fault: 'the connection is closed when it is accepted',
    code: 'NET_RESET',
    inject: (host, times) =>
      void host.faultConnections({ when: () => isCut(host), times, do: 'fin' }),
  },
  {
    id: 'C7',
    fault: 'the connection is reset when it has asked',
    code: 'NET_RESET',
    inject: (host, times) =>
      void host.fault({ match: { ...ON_RESUME, times }, do: { hangUp: 'reset' } }),
  },
  {
    id: 'C9',
    fault: 'the reply is empty',
    code: 'NET_RESET',
    inject: (host, times) =>
      void host.fault({ match: { ...ON_RESUME, times }, do: { hangUp: 'fin' } }),
  },
  {
    id: 'C5',
    fault: 'the host accepts and is silent',
    code: 'NET_TIMEOUT',
    http: { timeouts: { headersMs: 400 } },
    inject: (host, times) =>
      void host.faultConnections({ when: () => isCut(host), times, do: 'stall' }),
  },
]

describe.each(RANGED_SOURCES)('connecting to $name', (source) => {
  it.each(ROWS)('$id: $fault, twice: goes on at the byte where it stood', async (row) => {
    const { code, inject, http } = row
    await runFault(source, {
      ...(http === undefined ? {} : { http }),
      rules: [CUT],
      before: ({ host }) => inject(host, 2),
      expect: { disk: 'file', notices: ['NET_SHORT_BODY', code, code] },
      after({ host }) {
        expect(host.requests().at(-1)?.range).toMatch(`bytes=${N}-`)
        expect(host.requests().at(-1)?.bytesSent).toBe(host.sizeBytes - N)
      },
    })
  })

  it.each(ROWS)(
    '$id: $fault, for ever: gives up after its attempts and keeps what it has',
    async (row) => {
      const { code, inject, http } = row
      await runFault(source, {
        ...(http === undefined ? {} : { http }),
        limits: { retries: 3 },
        rules: [CUT],
        before: ({ host }) => inject(host, Number.POSITIVE_INFINITY),
        expect: { state: 'failed', code, disk: { partAtLeast: N } },
        async after({ host, engine, id, download, reaches }) {
          expect(download).toMatchObject({ attempts: 3, actions: ['retry', 'cancel', 'forget'] })
          expect(download.progress.receivedBytes).toBe(N)
          host.clearFaults()
          await engine.downloads.retry(id)
          await reaches({ disk: 'file' })
        },
      })
    },
  )

  it('C2: a machine whose name servers are out of reach is waited for, however often it fails', async () => {
    const unreachable = Object.assign(new Error('no server'), { code: 'EAI_AGAIN' })
    let asked = 0
    const lookup: NameLookup = async (name) => {
      if (name !== 'nothing.invalid') return lookUpBySystem(name)
      asked += 1
      throw unreachable
    }
    await runFault(source, {
      http: { lookup },
      limits: { retries: 2 },
      // Five pauses of two seconds.
      engine: { ports: testPorts({ clock: fastClock(40) }) },
      rules: [CUT],
      before: ({ host }) => leadTo(host, 5, 'http://nothing.invalid/model.bin'),
      // It is told once, and counts as no attempt.
      expect: { disk: 'file', notices: ['NET_SHORT_BODY', 'NET_DNS'] },
      after: ({ host }) => expect(host.requests().at(-1)?.range).toMatch(`bytes=${N}-`),
    })
    expect(asked).toBe(5)
  })

  it('C5: a connection that never comes about times out, and the next one goes on', async ({
    skip,
  }) => {
    skip(process.platform !== 'linux', 'other kernels queue connections in other ways')
    const blackhole = await openBlackhole()
    try {
      await runFault(source, {
        http: { timeouts: { connectMs: 400 } },
        rules: [CUT],
        before: ({ host }) => leadTo(host, 1, `http://127.0.0.1:${blackhole.port}/model.bin`),
        expect: { disk: 'file', notices: ['NET_SHORT_BODY', 'NET_TIMEOUT'] },
      })
    } finally {
      await blackhole.close()
    }
  })

  it('C8: a reset in the body keeps what came before it', async () => {
    // What the kernel has not handed over yet is lost with a reset, so it gets the time to.
    await runFault(source, {
      rules: [{ match: { nth: 1 }, do: { rstAt: N, bytesPerSecond: 10 * MB } }],
      expect: { disk: 'file', notices: ['NET_RESET'], sentAtMost: 3 * MB + 0.4 * MB },
      after({ host }) {
        const from = Number(/^bytes=(\d+)-/.exec(host.requests().at(-1)?.range ?? '')?.[1])
        expect(from).toBeGreaterThanOrEqual(0.6 * MB)
        expect(from).toBeLessThanOrEqual(N)
      },
    })
  })

  it('C9: a reply that ends in its head is as good as none', async () => {
    await runFault(source, {
      rules: [CUT, { match: { ...ON_RESUME, times: 2 }, do: { raw: 'HTTP/1.1 206 Par' } }],
      expect: { disk: 'file' },
      after: ({ notices }) =>
        expect(new Set(notices)).toEqual(new Set(['NET_SHORT_BODY', 'NET_RESET'])),
    })
  })

  it.each(['fin', 'reset'] as const)(
    'C11: a kept connection that ends as it is used (%s) is nobody’s failure',
    async (hangUp) => {
      await runFault(source, {
        rules: [{ match: { nth: 2 }, do: { hangUp } }, { do: { maxRangeBytes: MB } }],
        expect: { disk: 'file', notices: [], requestsAtMost: 4 },
        after({ host, download }) {
          expect(download.attempts).toBe(0)
          const [first, second, third] = host.requests()
          expect(second?.connection).toBe(first?.connection)
          expect(third?.connection).not.toBe(second?.connection)
          expect(third?.range).toBe(second?.range)
        },
      })
    },
  )

  it('C12: a proxy that wants a password waits for a person, with what is there', async () => {
    const proxy = await startChaosProxy()
    try {
      await runFault(source, {
        engine: { proxy: { httpProxy: proxy.url } },
        rules: [CUT],
        before({ host }) {
          proxy.use(() => (isCut(host) ? 'wants-password' : 'forward'))
        },
        expect: { state: 'blocked', code: 'PROXY_AUTH', disk: { partAtLeast: N } },
        async after({ engine, id, download, reaches }) {
          expect(download.reason?.hint).toMatch('HTTP_PROXY')
          const asked = proxy.log.length
          proxy.use('forward')
          await engine.downloads.resume(id)
          await reaches({ disk: 'file' })
          expect(proxy.log.length).toBeGreaterThan(asked)
        },
      })
    } finally {
      await proxy.close()
    }
  })
})

/** A port where nobody listens. */
function closedPort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })
}
