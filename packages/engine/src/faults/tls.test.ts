import { type CertificateKind, startChaosProxy, type TlsSettings } from '@windlass/testkit'
import { describe, expect, it } from 'vitest'
import { type RangedHost, SECURE_SOURCES } from './ranged-sources.fixture.ts'
import { runFault } from './run-fault.test-suite.ts'

const MB = 1_000_000
/** What was there before the fault: the first answer is cut off here. */
const N = MB
const CUT = { match: { nth: 1 }, do: { cutAt: N } }

const isCut = (host: RangedHost): boolean => host.requests().some(({ end }) => end === 'cut')

/** Makes every TLS connection after the cut meet other settings. */
function switchAfterCut(host: RangedHost, settings: TlsSettings): void {
  // Asked before the handshake of each connection; it matches none.
  host.faultConnections({
    when() {
      if (isCut(host)) host.useTls(settings)
      return false
    },
    do: 'reset',
  })
}

interface Row {
  readonly id: string
  readonly fault: string
  readonly settings: TlsSettings
  /** What the message names. */
  readonly reason: RegExp
  readonly hint: RegExp
}

const certificate = (kind: CertificateKind): TlsSettings => ({ certificate: kind })

const ROWS: readonly Row[] = [
  {
    id: 'L1',
    fault: 'a certificate that has expired',
    settings: certificate('expired'),
    reason: /CERT_HAS_EXPIRED/,
    hint: /clock/,
  },
  {
    id: 'L1',
    fault: 'a certificate from the future',
    settings: certificate('not-yet-valid'),
    reason: /CERT_NOT_YET_VALID/,
    hint: /clock/,
  },
  {
    id: 'L2',
    fault: 'a certificate for another name',
    settings: certificate('wrong-name'),
    reason: /ERR_TLS_CERT_ALTNAME_INVALID/,
    hint: /name/,
  },
  {
    id: 'L2',
    fault: 'a certificate that signed itself',
    settings: certificate('self-signed'),
    reason: /DEPTH_ZERO_SELF_SIGNED_CERT/,
    hint: /NODE_EXTRA_CA_CERTS/,
  },
  {
    id: 'L3',
    fault: 'TLS 1.0 only',
    settings: { version: 'TLSv1' },
    reason: /ERR_SSL_|EPROTO/,
    hint: /TLS 1\.2/,
  },
]

describe.each(SECURE_SOURCES)('$name', (source) => {
  it.each(ROWS)('$id: $fault is not trusted once, and not tried again', async (row) => {
    let connections = 0
    await runFault(source, {
      before({ host }) {
        host.useTls(row.settings)
        host.faultConnections({ when: () => ++connections < 0, do: 'reset' })
      },
      expect: { state: 'blocked', code: 'NET_TLS', disk: 'nothing', ranges: [], notices: [] },
      after({ download }) {
        expect(download.reason?.message).toMatch(row.reason)
        expect(download.reason?.hint).toMatch(row.hint)
        expect(connections).toBe(1)
      },
    })
  })

  it.each(ROWS)(
    '$id: $fault in the middle keeps what is there until a person acted',
    async (row) => {
      await runFault(source, {
        rules: [CUT],
        before: ({ host }) => switchAfterCut(host, row.settings),
        expect: { state: 'blocked', code: 'NET_TLS', disk: { partAtLeast: N }, requestsAtMost: 1 },
        async after({ host, engine, id, reaches }) {
          host.clearFaults()
          host.useTls({})
          await engine.downloads.resume(id)
          await reaches({ disk: 'file', requestsAtMost: 2 })
        },
      })
    },
  )

  it('L3: a handshake that stands still times out, and the next one goes on', async () => {
    await runFault(source, {
      http: { timeouts: { connectMs: 400 } },
      rules: [CUT],
      before({ host }) {
        host.faultConnections({ when: () => isCut(host), times: 2, do: 'stall' })
      },
      expect: { disk: 'file', notices: ['NET_SHORT_BODY', 'NET_TIMEOUT', 'NET_TIMEOUT'] },
    })
  })

  it('L4: a body that ends without close_notify is cut off, not complete', async () => {
    await runFault(source, {
      rules: [{ match: { nth: 1 }, do: { cutAt: N, unclean: true } }],
      expect: { disk: 'file', notices: ['NET_SHORT_BODY'] },
      after: ({ host }) => expect(host.requests().at(-1)?.range).toMatch(`bytes=${N}-`),
    })
  })

  it('L5: another good certificate between two requests is as good as the first', async () => {
    await runFault(source, {
      rules: [CUT],
      before: ({ host }) => switchAfterCut(host, certificate('renewed')),
      expect: { disk: 'file', notices: ['NET_SHORT_BODY'], requestsAtMost: 2 },
    })
  })

  it.each(['wants-password', 'refuses'] as const)(
    'C12: a proxy that %s for a tunnel waits for a person, with what is there',
    async (manner) => {
      const proxy = await startChaosProxy()
      try {
        await runFault(source, {
          engine: { proxy: { httpsProxy: proxy.url } },
          rules: [CUT],
          before({ host }) {
            proxy.use(() => (isCut(host) ? manner : 'forward'))
          },
          expect: {
            state: 'blocked',
            code: manner === 'refuses' ? 'PROXY_ERROR' : 'PROXY_AUTH',
            disk: { partAtLeast: N },
          },
          async after({ engine, id, download, reaches }) {
            expect(download.reason?.hint).toMatch('HTTPS_PROXY')
            proxy.use('forward')
            await engine.downloads.resume(id)
            await reaches({ disk: 'file' })
            expect(proxy.log.every((asked) => asked.startsWith('CONNECT localhost:'))).toBe(true)
          },
        })
      } finally {
        await proxy.close()
      }
    },
  )
})

describe('L4: a body whose end is told by the end of the connection alone', () => {
  const [, plain] = SECURE_SOURCES
  const settings = { length: 'until-close', ranges: 'ignored', acceptRanges: 'none' } as const
  const limits = { retries: 2 }

  it.for([true, false])(
    'is complete when its digest agrees, and only then (close_notify: %s)',
    async (clean, { skip }) => {
      if (plain === undefined) return skip('there is no plain source')
      await runFault(plain, { host: { settings }, expect: { disk: 'file', notices: [] } })
      await runFault(plain, {
        host: { settings },
        rules: [{ do: { cutAt: N, unclean: !clean } }],
        limits,
        expect: { state: 'failed', code: 'HASH_MISMATCH', disk: 'nothing' },
      })
    },
  )

  it.for([true, false])(
    'is never complete without a digest (close_notify: %s)',
    async (clean, { skip }) => {
      if (plain === undefined) return skip('there is no plain source')
      await runFault(plain, {
        host: { settings, digest: false },
        rules: [{ do: { cutAt: N, unclean: !clean } }],
        limits,
        expect: {
          state: 'failed',
          code: 'NET_SHORT_BODY',
          disk: { partAtLeast: N },
          sentAtMost: 6 * MB,
        },
      })
    },
  )

  it('a chunked one is complete at its last chunk, and not before', async ({ skip }) => {
    if (plain === undefined) return skip('there is no plain source')
    await runFault(plain, {
      host: { settings: { ...settings, length: 'chunked' }, digest: false },
      rules: [{ match: { nth: 1 }, do: { cutAt: N } }],
      expect: {
        disk: 'file',
        notices: ['NET_SHORT_BODY', 'RANGE_UNSUPPORTED'],
        sentAtMost: 7 * MB,
      },
    })
  })
})
