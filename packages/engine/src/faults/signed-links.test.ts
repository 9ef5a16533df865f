import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../runtime/clock.ts'
import { LINKED_SOURCES, type RangedHost } from './ranged-sources.fixture.ts'
import { type FaultRun, type FaultStage, runFault } from './run-fault.test-suite.ts'

const MB = 1_000_000
const N = MB
const CUT = { match: { nth: 1 }, do: { cutAt: N } }
/** Long enough in the middle for a person to pause. */
const STALL = [{ match: { nth: 1 }, do: { stallAt: 2.5 * MB } }]
/** Several requests over one signed address, which is asked for only once. */
const PIECES = { do: { maxRangeBytes: 0.5 * MB } }

/** Requests to the lasting address. */
const walks = ({ log }: RangedHost) =>
  log.filter(({ method, status, role }) => method === 'GET' && status === 302 && isWay(role))
const isWay = (role: string): boolean => role === 'hub' || role === 'origin'

describe.each(LINKED_SOURCES)('a signed link of $name', (source) => {
  it('S1: that has expired in the middle is renewed without a word, and the file goes on', async () => {
    await runFault(source, {
      rules: [{ match: { nth: 3 }, do: { expire: true } }, PIECES],
      expect: { disk: 'file', notices: [] },
      after({ host, download }) {
        expect(download.attempts).toBe(0)
        expect(walks(host)).toHaveLength(2)
        const [, , refused, next] = host.requests()
        expect(refused?.status).toBe(403)
        expect(next?.range).toBe(refused?.range)
      },
    })
  })

  it.each([401, 403, 404, 410])(
    'S1: that is answered %d once is renewed without a word',
    async (status) => {
      await runFault(source, {
        rules: [{ match: { nth: 3 }, do: { status } }, PIECES],
        expect: { disk: 'file', notices: [] },
        after: ({ host }) => expect(walks(host)).toHaveLength(2),
      })
    },
  )

  it('S2: that is refused although it is fresh is tried again after a pause, then given up with all bytes kept', async () => {
    await runFault(source, {
      rules: [{ match: { rangeFromAtLeast: 1 }, do: { expire: true } }, CUT],
      expect: { state: 'failed', code: 'LINK_EXPIRED', disk: { partAtLeast: N } },
      async after({ host, engine, id, download, reaches }) {
        expect(download.attempts).toBe(5)
        expect(host.requests().filter(({ status }) => status === 403)).toHaveLength(5)
        host.clearFaults()
        await engine.downloads.retry(id)
        await reaches({ disk: 'file' })
      },
    })
  })

  it('S3: that expires during a body does not end it', async () => {
    await runFault(source, {
      rules: [{ do: { bytesPerSecond: 3 * MB } }],
      before: ({ host }) =>
        void once(
          () => host.requests().length > 0,
          () => host.expireLinks(),
        ),
      expect: { disk: 'file', notices: [], requestsAtMost: 1 },
    })
  })

  it('S4: that expires for all connections at once is renewed once', async () => {
    await runFault(source, {
      limits: { connections: 8 },
      host: { sizeBytes: 12 * MB },
      rules: [{ do: { maxRangeBytes: 0.5 * MB, bytesPerSecond: 10 * MB } }],
      before: ({ host }) =>
        void once(
          () => host.requests().length > 9,
          () => host.expireLinks(),
        ),
      expect: { disk: 'file', notices: [] },
      after({ host }) {
        expect(host.requests().some(({ status }) => status === 403)).toBe(true)
        expect(walks(host)).toHaveLength(2)
      },
    })
  })

  it.each([
    ['ahead', 10 * 365 * 86_400_000],
    ['behind', -86_400_000],
  ])('S5: is believed as long as its host takes it, though our clock is %s', async (_, skewMs) => {
    const clock = { ...systemClock, now: () => systemClock.now() + skewMs }
    const log = { debug() {}, info() {}, warn() {}, error() {} }
    await runFault(source, {
      engine: { ports: { clock, log, random: () => 0, bootId: () => 'boot' } },
      rules: [CUT, PIECES],
      expect: { disk: 'file', notices: ['NET_SHORT_BODY'] },
      after: ({ host }) => expect(host.requests().every(({ status }) => status === 206)).toBe(true),
    })
  })

  it('S8: is renewed after a pause of any length', async () => {
    await runFault(source, {
      rules: STALL,
      before: pauseOnceReceived(N),
      expect: { state: 'paused', disk: { partAtLeast: N } },
      async after({ host, engine, id, download, reaches, notices }) {
        host.expireLinks()
        await engine.downloads.resume(id)
        await reaches({ disk: 'file', sentAtMost: 5.5 * MB })
        expect(notices).toEqual([])
        const { receivedBytes } = download.progress
        expect(host.requests().at(-1)?.range).toMatch(`bytes=${receivedBytes}-`)
      },
    })
  })

  it('S9: whose lasting address has gone keeps what is there and says so', async () => {
    await runFault(source, {
      rules: [CUT],
      before({ host }) {
        host.faultWay({ match: { rangeFromAtLeast: 1 }, do: { status: 410 } })
      },
      expect: { state: 'failed', code: 'SOURCE_GONE', disk: { partAtLeast: N }, requestsAtMost: 1 },
    })
  })
})

describe('what the Hub alone does', () => {
  const [huggingface] = LINKED_SOURCES

  it('S7: takes the new token of a download that was paused with the old one', async ({ skip }) => {
    if (huggingface === undefined) return skip('there is no source')
    await runFault(huggingface, {
      rules: STALL,
      async before(stage) {
        await logIn(stage.host, 'hf_old')
        const tokens = ['hf_old', 'hf_new']
        stage.host.fakeHub?.setAccess({ id: 'org/one' }, { private: true, tokens })
        pauseOnceReceived(N)(stage)
      },
      expect: { state: 'paused', disk: { partAtLeast: N } },
      async after(run) {
        const { host, engine, id, reaches } = run
        host.fakeHub?.fault({ match: { header: { authorization: 'Bearer hf_old' } }, do: REVOKED })
        await engine.downloads.resume(id)
        const blocked = await reaches({
          state: 'blocked',
          code: 'HTTP_AUTH',
          disk: { partAtLeast: N },
        })
        expect(blocked.reason?.hint).toMatch(/token/)
        await logIn(host, 'hf_new')
        await engine.downloads.resume(id)
        await reaches({ disk: 'file', sentAtMost: 5.5 * MB })
        expect(tokensSeen(run)).toEqual(new Set(['Bearer hf_old', 'Bearer hf_new']))
      },
    })
  })

  it('S9: follows a repository that was renamed in the middle, at the same commit', async ({
    skip,
  }) => {
    if (huggingface === undefined) return skip('there is no source')
    await runFault(huggingface, {
      rules: [CUT],
      before: ({ host }) =>
        void once(
          () => host.requests().length > 0,
          () => host.fakeHub?.rename({ id: 'org/one' }, 'org/two'),
        ),
      expect: { disk: 'file', notices: ['NET_SHORT_BODY'] },
      after({ host }) {
        expect(host.log.some(({ path }) => path.startsWith('/org/two/resolve/'))).toBe(true)
      },
    })
  })

  it('S9: gives up, with what is there, when the commit has been taken away', async ({ skip }) => {
    if (huggingface === undefined) return skip('there is no source')
    const headers = { 'X-Error-Code': 'RevisionNotFound' }
    await runFault(huggingface, {
      rules: [CUT],
      before({ host }) {
        host.faultWay({ match: { rangeFromAtLeast: 1 }, do: { status: 404, headers } })
      },
      expect: { state: 'failed', code: 'REVISION_NOT_FOUND', disk: { partAtLeast: N } },
    })
  })
})

/** What the Hub answers to a token that it does not know any more. */
const REVOKED = {
  status: 401,
  headers: { 'X-Error-Message': 'Invalid credentials in Authorization header' },
}

async function logIn(host: RangedHost, token: string): Promise<void> {
  await mkdir(dirname(host.hub.tokenPath), { recursive: true })
  await writeFile(host.hub.tokenPath, token)
}

function tokensSeen({ host }: FaultRun): Set<string | undefined> {
  return new Set(host.log.map(({ headers }) => headers.authorization).filter(Boolean))
}

/** Pauses the download when so many bytes are shown; for `before`. */
function pauseOnceReceived(bytes: number): (stage: FaultStage) => void {
  return ({ engine }) => {
    const off = engine.events.subscribe((event) => {
      if (event.type !== 'download.progressed') return
      if (event.data.progress.receivedBytes < bytes) return
      off()
      void engine.downloads.pause(event.data.id)
    })
  }
}

/** Does something as soon as it is time, asking every few milliseconds. */
function once(isTime: () => boolean, act: () => void): void {
  const timer = setInterval(() => {
    if (!isTime()) return
    clearInterval(timer)
    act()
  }, 2)
  timer.unref()
}
