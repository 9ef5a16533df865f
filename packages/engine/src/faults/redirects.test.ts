import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { ErrorCode } from '@windlass/contract'
import type { FaultAction } from '@windlass/testkit'
import { describe, expect, it } from 'vitest'
import { RANGED_SOURCES, type RangedHost, SECURE_SOURCES } from './ranged-sources.fixture.ts'
import { runFault } from './run-fault.test-suite.ts'

const MB = 1_000_000
const N = MB
const CUT = { match: { nth: 1 }, do: { cutAt: N } }
const ON_RESUME = { rangeFromAtLeast: 1 }
const ONCE = { ...ON_RESUME, times: 1 }

/** The file's lasting address, told from the one asked first by its query. */
function again({ origin, ref, hub }: RangedHost): URL {
  const plain = origin === null ? `${hub.endpoint}/org/one/resolve/main/model.bin` : ref.slice(6)
  return new URL('?again=1', plain)
}

const askedAgain = ({ log }: RangedHost) => log.filter(({ url }) => url.endsWith('?again=1'))

interface Good {
  readonly id: string
  readonly fault: string
  readonly answer: (host: RangedHost) => FaultAction
}

const location = (Location: string, status = 302): FaultAction => ({
  status,
  headers: { Location },
})

/** Redirects that are followed, with the same request. */
const GOOD: readonly Good[] = [
  { id: 'X2', fault: 'a relative one', answer: () => location('model.bin?again=1') },
  { id: 'X2', fault: 'one of a query alone', answer: () => location('?again=1') },
  {
    id: 'X2',
    fault: 'one to a path',
    answer: (host) => location(again(host).pathname + again(host).search),
  },
  {
    id: 'X2',
    fault: 'one without a scheme',
    answer: (host) => location(again(host).href.replace('http:', '')),
  },
  ...[301, 302, 303, 307, 308].map((status) => ({
    id: 'X3',
    fault: `a ${status}`,
    answer: (host: RangedHost) => location(again(host).href, status),
  })),
  {
    id: 'X9',
    fault: 'one with a user name',
    answer: (host) => location(again(host).href.replace('://', '://me:secret@')),
  },
]

interface Bad {
  readonly id: string
  readonly fault: string
  readonly code: ErrorCode
  readonly answer: FaultAction
}

/** Redirects that are not followed. */
const BAD: readonly Bad[] = [
  { id: 'X1', fault: 'a circle', code: 'HTTP_REDIRECT_LOOP', answer: location('?again=1') },
  { id: 'X2', fault: 'one to nowhere', code: 'HTTP_PROTOCOL', answer: { status: 302 } },
  { id: 'X2', fault: 'one to nothing', code: 'HTTP_PROTOCOL', answer: location('') },
  {
    id: 'X2',
    fault: 'one that is not ASCII',
    code: 'HTTP_PROTOCOL',
    answer: location(Buffer.from('/mødel.bin').toString('latin1')),
  },
  { id: 'X2', fault: 'one to no address', code: 'HTTP_PROTOCOL', answer: location('http://[1/') },
  ...['file:///etc/passwd', 'ftp://127.0.0.1/model.bin', 'data:text/plain,model'].map((url) => ({
    id: 'X5',
    fault: `one to ${url.split(':')[0]}:`,
    code: 'HTTP_REDIRECT_BLOCKED' as const,
    answer: location(url),
  })),
  {
    id: 'X10',
    fault: 'one of 300 KiB',
    code: 'HTTP_PROTOCOL',
    answer: location(`/${'x'.repeat(300 * 1024)}`),
  },
]

describe.each(RANGED_SOURCES)('a redirect of $name', (source) => {
  it.each(GOOD)('$id: $fault is followed with the same request', async ({ answer }) => {
    await runFault(source, {
      rules: [CUT],
      before: ({ host }) => void host.faultWay({ match: ONCE, do: answer(host) }),
      expect: { disk: 'file', notices: ['NET_SHORT_BODY'] },
      after({ host }) {
        expect(askedAgain(host)).toHaveLength(1)
        const [asked] = askedAgain(host)
        expect(asked).toMatchObject({ method: 'GET', range: host.requests().at(-1)?.range })
        expect(asked?.range).toMatch(`bytes=${N}-`)
        expect(asked?.headers.authorization).toBeUndefined()
      },
    })
  })

  it.each(BAD)(
    '$id: $fault is not followed, and what is there is kept',
    async ({ code, answer }) => {
      await runFault(source, {
        rules: [CUT],
        before: ({ host }) => void host.faultWay({ match: ON_RESUME, do: answer }),
        expect: { state: 'failed', code, disk: { partAtLeast: N } },
        async after({ host, engine, id, reaches }) {
          // Once round the circle, and no second time.
          expect(askedAgain(host).length).toBe(code === 'HTTP_REDIRECT_LOOP' ? 8 : 0)
          host.clearFaults()
          await engine.downloads.retry(id)
          await reaches({ disk: 'file' })
        },
      })
    },
  )
})

describe.each(SECURE_SOURCES)('a redirect of $name', (source) => {
  it('X4: from https to plain http is not followed', async () => {
    await runFault(source, {
      rules: [CUT, { match: ON_RESUME, do: location('http://127.0.0.1:9/model.bin') }],
      expect: { state: 'failed', code: 'HTTP_REDIRECT_BLOCKED', disk: { partAtLeast: N } },
    })
  })
})

describe('a redirect of the Hub to another host', () => {
  const [huggingface] = RANGED_SOURCES
  const headersSeen = (requests: readonly { readonly headers: object }[]): string[] =>
    requests.flatMap(({ headers }) => Object.keys(headers))

  it('X7: takes no token, cookie or referrer along', async ({ skip }) => {
    if (huggingface === undefined) return skip('there is no source')
    await runFault(huggingface, {
      async before({ host }) {
        await logIn(host)
        host.faultWay({ do: { headers: { 'Set-Cookie': 'session=secret' } } })
      },
      expect: { disk: 'file' },
      after({ host }) {
        const hub = host.log.filter(({ role }) => role === 'hub')
        expect(hub.every(({ headers }) => headers.authorization === 'Bearer hf_me')).toBe(true)
        const secrets = ['authorization', 'cookie', 'referer', 'x-api-key']
        expect(headersSeen(host.requests()).filter((name) => secrets.includes(name))).toEqual([])
      },
    })
  })

  it('X8: and back shows the token again, to the Hub alone', async ({ skip }) => {
    if (huggingface === undefined) return skip('there is no source')
    await runFault(huggingface, {
      async before({ host }) {
        await logIn(host)
        host.fault({ match: { path: '/back' }, do: location(again(host).href) })
        host.faultWay({ match: { times: 1 }, do: location(`${host.fakeHub?.cdnEndpoint}/back`) })
      },
      expect: { disk: 'file' },
      after({ host }) {
        expect(askedAgain(host).map(({ headers }) => headers.authorization)).toEqual([
          'Bearer hf_me',
        ])
        expect(headersSeen(host.requests())).not.toContain('authorization')
      },
    })
  })
})

async function logIn({ hub, fakeHub }: RangedHost): Promise<void> {
  fakeHub?.setAccess({ id: 'org/one' }, { tokens: ['hf_me'] })
  await mkdir(dirname(hub.tokenPath), { recursive: true })
  await writeFile(hub.tokenPath, 'hf_me')
}
