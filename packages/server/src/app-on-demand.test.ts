import { Secret } from '@windlass/engine'
import { expect, it, onTestFinished } from 'vitest'
import { openAccess } from './access/open-access.ts'
import { appOnDemand } from './app-on-demand.ts'
import { createLog } from './create-log.ts'
import { listenOnPort } from './listen.ts'
import { DownloadLines } from './live/download-lines.ts'
import { EventCounts } from './metrics/event-counts.ts'
import { askServer, UPGRADE } from './testing/ask-server.ts'
import { ManualTicks } from './testing/manual-ticks.ts'
import { MemoryEngine } from './testing/memory-engine.ts'
import { TOKEN } from './testing/test-app.ts'

async function serve(engine = new MemoryEngine()) {
  const clock = new ManualTicks()
  const token = new Secret(TOKEN)
  const access = await openAccess({ store: engine.access, clock, token, socketToken: null })
  const app = appOnDemand({
    engine,
    access,
    lines: new DownloadLines(clock),
    counts: new EventCounts(),
    log: createLog({ level: 'silent' }),
    allowedHosts: ['127.0.0.1'],
    version: '1.2.3',
    startedAt: 7,
  })
  const listener = await listenOnPort(app, { host: '127.0.0.1', port: 0 })
  onTestFinished(async () => {
    await app.close()
    await listener.close()
  })
  const ask = (path: string) =>
    fetch(`http://127.0.0.1:${listener.port}${path}`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    })
  return { app, ask, engine, port: Number(listener.port) }
}

it('is not built before somebody asks, and answers the first who do all the same', async () => {
  const { ask, engine } = await serve()
  // The event hub of the API listens as long as the API is there.
  expect(engine.events.listeners).toBe(0)
  const answers = await Promise.all([ask('/api/health'), ask('/api/downloads')])
  expect(answers.map(({ status }) => status)).toEqual([200, 200])
  expect(await answers[0]?.json()).toMatchObject({ version: '1.2.3', startedAt: 7 })
  expect(engine.events.listeners).toBe(1)
})

it('is built for a WebSocket as well, and speaks it', async () => {
  const { engine, port } = await serve()
  const headers = { host: `127.0.0.1:${port}`, authorization: `Bearer ${TOKEN}`, ...UPGRADE }
  expect((await askServer(port, { path: '/ws', headers })).status).toBe(101)
  expect(engine.events.listeners).toBe(1)
})

it('is built at once for who wants that', async () => {
  const { app, engine } = await serve()
  await app.ready()
  expect(engine.events.listeners).toBe(1)
})

it('answers nobody once it is closed, built or not', async () => {
  const unasked = await serve()
  await unasked.app.close()
  await expect(unasked.ask('/api/health')).rejects.toThrow()
  const asked = await serve()
  await asked.ask('/api/health')
  await asked.app.close()
  expect((await asked.ask('/api/health')).status).toBe(503)
  expect(asked.engine.events.listeners).toBe(0)
})
