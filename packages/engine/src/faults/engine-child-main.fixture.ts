import { openEngine } from '../open-engine.ts'
import { readHubEnvironment } from '../sources/huggingface/hub-environment.ts'
import { OWN_MACHINE } from '../testing/own-machine.ts'
import type { ChildLine, ChildOrders } from './engine-child.fixture.ts'
import { LIMITS, testPorts } from './engine-options.fixture.ts'

/** An engine of its own, for tests that kill or starve its process. */
// The test that starts us wrote it.
const orders = JSON.parse(process.argv[2] ?? '') as ChildOrders
const tell = (line: Omit<ChildLine, 'pid'>): void =>
  void process.stdout.write(`${JSON.stringify({ pid: process.pid, ...line })}\n`)

tell({})
const environment = { HF_ENDPOINT: orders.endpoint, HF_HOME: orders.hfHome }
const engine = await openEngine(
  {
    home: orders.home,
    limits: { ...LIMITS, connections: orders.connections ?? LIMITS.connections },
    reserve: { share: 0, minBytes: 0 },
    hub: readHubEnvironment(environment, orders.hfHome),
    userAgent: 'windlass/test',
    proxy: {},
    allowedHosts: OWN_MACHINE,
    ports: testPorts(),
  },
  { http: { timeouts: orders.timeouts ?? {} } },
)
engine.events.subscribe((event) => {
  if (event.type === 'download.state-changed') {
    const { to, reason, download } = event.data
    const { receivedBytes } = download.progress
    const peakBytes = process.resourceUsage().maxRSS * 1024
    tell({
      state: to,
      receivedBytes,
      peakBytes,
      ...(reason === undefined ? {} : { code: reason.code }),
    })
  } else if (event.type === 'download.progressed') {
    const { id, progress } = event.data
    tell({ receivedBytes: progress.receivedBytes })
    if (progress.receivedBytes >= (orders.cancelAtBytes ?? Number.POSITIVE_INFINITY)) {
      void engine.downloads.cancel(id)
    }
  } else if (event.type === 'download.noticed') tell({ notice: event.data.code })
})
if (orders.ref !== undefined) await engine.downloads.create({ ref: orders.ref })
