import { createHttpClient } from '../../net/create-http-client.ts'
import { LOOPBACK } from '../../net/egress/loopback-fixture.ts'
import { systemClock } from '../../runtime/clock.ts'
import { createRangedHttpCarrier } from './create-ranged-http-carrier.ts'

/** A process that fetches one file, for tests that kill it: URL, size, part, journal and connections are its arguments. */
const [url = '', size = '', partPath = '', journalPath = '', connections = '1'] =
  process.argv.slice(2)

let spare = Number(connections) - 1
const log = { debug() {}, info() {}, warn() {}, error() {} }
const http = createHttpClient({
  clock: systemClock,
  userAgent: 'test',
  proxy: {},
  egress: LOOPBACK,
})
const carrier = createRangedHttpCarrier({ http, clock: systemClock, log, bootId: () => 'boot' })
await carrier.transfer(
  {
    file: { path: 'model.bin', sizeBytes: Number(size), digest: null, validator: null },
    identity: 'model.bin v1',
    staged: { partPath, journalPath },
    locate: async () => ({ url: new URL(url), headers: {}, credentials: [], judge() {} }),
    bypassCaches: false,
    spare: {
      borrow() {
        if (spare === 0) return null
        spare -= 1
        const giveBack = (): void => {
          spare += 1
        }
        return { recalled: new AbortController().signal, giveBack }
      },
    },
    onProgress: (received) => void process.stdout.write(`${received}\n`),
    onFrontier() {},
    onNotice() {},
  },
  { signal: new AbortController().signal },
)
