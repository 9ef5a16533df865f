import type { FaultRule } from '@windlass/testkit'
import { describe, expect, it, vi } from 'vitest'
import { RANGED_SOURCES, type RangedHost } from './ranged-sources.fixture.ts'
import { runFault } from './run-fault.test-suite.ts'

// Many at once on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

/*
 * Faults that only several connections to one file can meet: hosts that let fewer in, or send
 * more than a connection asked for. Against each ranged source.
 */

const SIZE = 12_000_000
const CONNECTIONS = 4
/** So slow that one connection is not enough. */
const SLOW: FaultRule = { do: { bytesPerSecond: 4_000_000 } }

interface Row {
  readonly id: string
  readonly what: string
  readonly fault: FaultRule['do']
}

const ONE_AT_A_TIME: readonly Row[] = [
  { id: 'RG19', what: 'answers 503 to', fault: { status: 503 } },
  { id: 'RG19', what: 'answers 429 to', fault: { status: 429 } },
  { id: 'RG19', what: 'resets', fault: { hangUp: 'reset' } },
  { id: 'RG19', what: 'hangs up on', fault: { hangUp: 'fin' } },
]

/** Whether the host is sending to another connection. */
const isBusy = (host: RangedHost): boolean =>
  host.requests().filter(({ end }) => end === 'open').length > 1

describe.concurrent.each(RANGED_SOURCES)('$name', (source) => {
  it.for(ONE_AT_A_TIME)('$id: a host that $what a second connection gets one', async (row) => {
    let refusals = (): number => 0
    await runFault(source, {
      host: { sizeBytes: SIZE },
      limits: { connections: CONNECTIONS },
      before({ host }) {
        const when = (): boolean => isBusy(host)
        const handle = host.fault({ match: { when }, do: row.fault })
        host.fault(SLOW)
        refusals = () => handle.hits
      },
      // The bytes that come on the first connection are not given up for the second.
      expect: { disk: 'file', notices: [], sentAtMost: SIZE },
    })
    // It was tried, and not again and again.
    expect(refusals()).toBeGreaterThan(0)
    expect(refusals()).toBeLessThanOrEqual(2)
  })

  it('H5: a host that answers 429 without a time gets half of the connections, and all goes on', async () => {
    await runFault(source, {
      host: { sizeBytes: SIZE },
      limits: { connections: CONNECTIONS },
      rules: [{ match: { nth: 3 }, do: { status: 429 } }, SLOW],
      expect: { disk: 'file', notices: [], sentAtMost: 2 * SIZE },
      after: ({ host }) => {
        const statuses = host.requests().map(({ status }) => status)
        expect(statuses.filter((status) => status === 429)).toHaveLength(1)
      },
    })
  })

  it('RG6: what a host sends beyond the range that was asked for is not taken twice', async () => {
    await runFault(source, {
      host: { sizeBytes: SIZE },
      limits: { connections: CONNECTIONS },
      rules: [{ do: { ...SLOW.do, wrongContentRange: { toTheEnd: true } } }],
      // Every connection is sent the rest of the file, and leaves it where its own part ends.
      expect: { disk: 'file', notices: [], sentAtMost: CONNECTIONS * SIZE },
      after({ host }) {
        const ends = host.requests().map(({ end }) => end)
        expect(ends).toContain('client-closed')
      },
    })
  })
})
