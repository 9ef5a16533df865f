import { describe, it } from 'vitest'
import { LINKED_SOURCES, RANGED_SOURCES, SECURE_SOURCES } from './ranged-sources.fixture.ts'
import { runFault } from './run-fault.test-suite.ts'

describe.each([...RANGED_SOURCES, ...LINKED_SOURCES.slice(1), ...SECURE_SOURCES])(
  '$name',
  (source) => {
    it('brings the file when nothing goes wrong, each byte once', async () => {
      await runFault(source, {
        expect: { disk: 'file', notices: [], requestsAtMost: 1 },
      })
    })

    it('goes on where the connection broke', async () => {
      await runFault(source, {
        rules: [{ match: { nth: 1 }, do: { cutAt: 1_000_000 } }],
        expect: { disk: 'file', notices: ['NET_SHORT_BODY'], requestsAtMost: 2 },
      })
    })

    it('tells what is left when it gives up, and uses it when retried', async () => {
      await runFault(source, {
        rules: [{ match: { nth: 1 }, do: { cutAt: 1_000_000 } }, { do: { hangUp: 'reset' } }],
        expect: { state: 'failed', code: 'NET_RESET', disk: { partAtLeast: 1_000_000 } },
        async after({ host, engine, id, reaches }) {
          host.clearFaults()
          await engine.downloads.retry(id)
          await reaches({ disk: 'file' })
        },
      })
    })
  },
)

it('a host without digests is held to its validator alone', async () => {
  const [, plain] = RANGED_SOURCES
  if (plain === undefined) throw new TypeError('there is no plain source')
  await runFault(plain, { host: { digest: false }, expect: { disk: 'file', requestsAtMost: 1 } })
})
