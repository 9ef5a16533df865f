import type { FaultAction } from '@windlass/testkit'
import { describe, expect, it, vi } from 'vitest'
import { LINKED_SOURCES, RANGED_SOURCES } from './ranged-sources.fixture.ts'
import { type FaultExpectation, runFault } from './run-fault.test-suite.ts'

// Many at once on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

/*
 * Hosts that say no, in groups H and X of the catalogue: a person must act, or nothing will help.
 * At the start, and where bytes are there already.
 */

const CUT = 1_000_000

interface Row {
  readonly id: string
  readonly what: string
  readonly answer: FaultAction
  readonly state: 'blocked' | 'failed'
  readonly code: NonNullable<FaultExpectation['code']>
  /** What the Hub means by it: it says the same of a repository that is private or none. */
  readonly hubCode?: FaultExpectation['code']
}

const AT_START: readonly Row[] = [
  {
    id: 'H8',
    what: '401',
    answer: { status: 401 },
    state: 'blocked',
    code: 'HTTP_AUTH',
    hubCode: 'REPO_PRIVATE',
  },
  { id: 'H8', what: '403', answer: { status: 403 }, state: 'blocked', code: 'HTTP_FORBIDDEN' },
  { id: 'H11', what: '404', answer: { status: 404 }, state: 'failed', code: 'HTTP_NOT_FOUND' },
  { id: 'H13', what: '410', answer: { status: 410 }, state: 'failed', code: 'SOURCE_GONE' },
  { id: 'H13', what: '451', answer: { status: 451 }, state: 'failed', code: 'HTTP_LEGAL' },
  {
    id: 'X6',
    what: 'a redirect to a private address',
    answer: { redirect: 'http://10.0.0.1/model.bin' },
    state: 'failed',
    code: 'URL_BLOCKED',
  },
  {
    id: 'X6',
    what: "a redirect to a cloud's metadata",
    answer: { redirect: 'http://169.254.169.254/latest' },
    state: 'failed',
    code: 'URL_BLOCKED',
  },
]

describe.concurrent.each(RANGED_SOURCES)('$name', (source) => {
  it.for(AT_START)('$id: $what at the start is asked for once, and leaves nothing', async (row) => {
    const { code: usual, hubCode = usual } = row
    const code = source.name === 'huggingface' ? hubCode : usual
    let hits = (): number => 0
    await runFault(source, {
      before({ host }) {
        const handle = host.faultWay({ do: row.answer })
        hits = () => handle.hits
      },
      expect: { state: row.state, code, disk: 'nothing', sentAtMost: 0 },
    })
    expect(hits()).toBe(1)
  })
})

describe.concurrent.each(LINKED_SOURCES)('$name', (source) => {
  it.for([404, 410])(
    'H12: %d in the middle is SOURCE_GONE, and what is there is kept',
    async (status) => {
      await runFault(source, {
        rules: [{ match: { nth: 1 }, do: { cutAt: CUT } }],
        before({ host }) {
          const match = { rangeFromAtLeast: 1 }
          host.fault({ match, do: { status } })
          host.faultWay({ match, do: { status } })
        },
        expect: { state: 'failed', code: 'SOURCE_GONE', disk: { partAtLeast: CUT } },
        async after({ host, engine, id, reaches }) {
          host.clearFaults()
          await engine.downloads.retry(id)
          await reaches({ disk: 'file', sentAtMost: 3_000_000 })
        },
      })
    },
  )
})
