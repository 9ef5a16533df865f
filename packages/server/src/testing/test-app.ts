import { Writable } from 'node:stream'
import { Secret } from '@windlass/engine'
import type { FastifyInstance } from 'fastify'
import { type Access, openAccess } from '../access/open-access.ts'
import { buildApp } from '../app.ts'
import { type ServedApp, servedBy } from '../app-on-demand.ts'
import { createLog } from '../create-log.ts'
import { DownloadLines } from '../live/download-lines.ts'
import { EventCounts } from '../metrics/event-counts.ts'
import { ManualTicks } from './manual-ticks.ts'
import { MemoryEngine } from './memory-engine.ts'

export const TOKEN = 'token-canary-0123456789'
export const SOCKET_TOKEN = 'socket-canary-0123456789'
/** Headers of a well-behaved request; `inject` has no port, so it looks like the Unix socket. */
export const GOOD = { host: 'localhost', authorization: `Bearer ${TOKEN}` } as const

export interface TestApp {
  readonly app: FastifyInstance
  /** The app as a listener takes it. */
  readonly served: ServedApp
  readonly engine: MemoryEngine
  readonly access: Access
  readonly lines: DownloadLines
  readonly clock: ManualTicks
  /** Everything logged so far. */
  readonly logged: () => string
}

/** The real app over an engine in memory, with its log kept. */
export async function openTestApp(): Promise<TestApp> {
  const engine = new MemoryEngine()
  const clock = new ManualTicks()
  const written: string[] = []
  const destination = new Writable({
    write(chunk, _encoding, done) {
      written.push(String(chunk))
      done()
    },
  })
  const access = await openAccess({
    store: engine.access,
    clock,
    token: new Secret(TOKEN),
    socketToken: new Secret(SOCKET_TOKEN),
  })
  const lines = new DownloadLines(clock)
  const counts = new EventCounts()
  const stops = [lines.follow(engine.events), counts.follow(engine.events)]
  const app = await buildApp({
    engine,
    access,
    lines,
    counts,
    clock,
    log: createLog({ level: 'debug', destination }),
    allowedHosts: ['localhost', '127.0.0.1', '[::1]'],
    version: '1.2.3',
    startedAt: clock.now(),
  })
  app.addHook('onClose', async () => {
    for (const stop of stops) stop()
  })
  await app.ready()
  const logged = (): string => written.join('')
  return { app, served: servedBy(app), engine, access, lines, clock, logged }
}
