import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createRangedHttpCarrier } from './carriers/ranged-http/create-ranged-http-carrier.ts'
import { AccessRepository } from './database/access-repository.ts'
import { DownloadRepository } from './database/download-repository.ts'
import { EventRepository } from './database/event-repository.ts'
import { openDatabase } from './database/open-database.ts'
import { Admission } from './downloads/admission.ts'
import { EventBus } from './downloads/event-bus.ts'
import { startHeartbeat } from './downloads/heartbeat.ts'
import { Ledger } from './downloads/ledger.ts'
import { openLimits, requireRates } from './downloads/limits.ts'
import { openDownloads } from './downloads/open-downloads.ts'
import { openEventLog } from './downloads/open-event-log.ts'
import { openStats } from './downloads/open-stats.ts'
import { recover } from './downloads/recover.ts'
import { Runner } from './downloads/runner.ts'
import { Scheduler } from './downloads/scheduler.ts'
import type { Engine, EngineOptions } from './engine.ts'
import { NO_BANDWIDTH_LIMITS } from './net/bandwidth/bandwidth-limits.ts'
import { createBandwidth } from './net/bandwidth/create-bandwidth.ts'
import { createHttpClient, type HttpClientOptions } from './net/create-http-client.ts'
import type { HttpClient } from './net/http-client.ts'
import { Closer } from './runtime/closer.ts'
import { createHubSource } from './sources/huggingface/create-hub-source.ts'
import { SourceRegistry } from './sources/registry.ts'
import type { Source } from './sources/source.ts'
import { createHubCacheStore } from './stores/hub-cache/create-hub-cache-store.ts'
import type { Store } from './stores/store.ts'
import { createHashing } from './verification/create-hashing.ts'

/** Parts that a test brings along; what is absent is the engine's own. */
export interface EngineParts {
  /** Asked before the engine's own sources. */
  readonly sources?: (http: HttpClient) => readonly Source[]
  /** Changes how hosts are reached, for example the time-outs. */
  readonly http?: Partial<HttpClientOptions>
  /** Where everything is put instead of into the Hub's cache. */
  readonly store?: Store
}

/**
 * Opens a home and everything that works in it: the only place where the engine's
 * parts meet. Order of lines is order of dependency.
 *
 * @throws WindlassError LOCK_HELD when another process owns the home, DB_TOO_NEW, STORAGE_BROKEN
 */
export async function openEngine(options: EngineOptions, parts: EngineParts = {}): Promise<Engine> {
  const closer = new Closer()
  try {
    return await assemble(options, parts, closer)
  } catch (error) {
    await closer.close()
    throw error
  }
}

async function assemble(
  options: EngineOptions,
  given: EngineParts,
  closer: Closer,
): Promise<Engine> {
  const { home, limits, hub, ports } = options
  const { clock, log, random, bootId } = ports
  await mkdir(home, { recursive: true, mode: 0o700 })
  const database = closer.add('database', await openDatabase(join(home, 'windlass.db')), (db) =>
    db.destroy(),
  )
  const downloads = new DownloadRepository(database)
  const events = new EventRepository(database)
  const bus = new EventBus({
    onListenerError: (err) => log.error({ err }, 'an event listener failed'),
  })
  const ledger = new Ledger({ database, downloads, events, bus, now: () => clock.now() })
  closer.add('ledger', ledger, () => ledger.settled())
  const eventLog = await openEventLog(events, bus, (err) =>
    log.warn({ err }, 'old events could not be dropped'),
  )

  const http = closer.add(
    'network',
    createHttpClient({
      clock,
      userAgent: userAgentOf(options),
      proxy: options.proxy,
      egress: { trustedOrigins: trustedOrigins(hub), allowedHosts: options.allowedHosts },
      ...given.http,
    }),
    (client) => client.close(),
  )
  const bandwidth = createBandwidth(
    clock,
    requireRates({ ...NO_BANDWIDTH_LIMITS, ...options.bandwidth }),
  )
  const hashing = closer.add('hashing', createHashing(), (worker) => worker.close())
  const carrier = createRangedHttpCarrier({ http, clock, log, bootId })
  const sources = new SourceRegistry([
    ...(given.sources?.(http) ?? []),
    createHubSource({ http, environment: hub }),
  ])
  const hubCache = createHubCacheStore({
    cacheDir: hub.cacheDir,
    symlinks: !hub.symlinksDisabled,
    clock,
    log,
  })
  // One store so far; a placement names the store it is for.
  const store = () => given.store ?? hubCache

  const admission = new Admission(options.reserve)
  const runner = new Runner({
    sources,
    store,
    carrier,
    hashing,
    bandwidth,
    clock,
    random,
    reserve: (demand) => admission.reserve(demand),
  })
  const scheduler = new Scheduler({
    downloads,
    ledger,
    run: (claim, listener, runOptions) => runner.run(claim, listener, runOptions),
    limits,
    clock,
    random,
    log,
    onSettled: async (id) => {
      const state = (await downloads.find(id))?.state
      if (state !== 'queued' && state !== 'waiting') admission.release(id)
    },
  })
  closer.add('scheduler', scheduler, () => scheduler.stop())

  const openedLimits = openLimits({ bandwidth, ledger })
  const parts = {
    sources,
    downloads,
    ledger,
    scheduler,
    admission,
    limits,
    clock,
    random,
    store,
    log,
    cutRestsShort: () => http.cutRestsShort(),
    setDownloadRate: openedLimits.setDownloadRate,
  }
  await recover(parts)
  closer.add('heartbeat', startHeartbeat({ ...parts, emit: (event) => bus.emit(event) }), (stop) =>
    stop(),
  )
  if (options.start ?? true) scheduler.start()
  return {
    downloads: openDownloads(parts),
    events: eventLog,
    limits: openedLimits,
    access: new AccessRepository(database),
    counts: async () => ({
      active: scheduler.activeCount,
      queued: await downloads.count(['queued']),
    }),
    stats: openStats({
      downloads,
      admission,
      traffic: bandwidth.traffic,
      folders: { cache: hub.cacheDir, home },
    }),
    close: () => closer.close(),
  }
}

/** What the operator configured is his to answer for; what it redirects to is not. */
function trustedOrigins({ endpoint }: EngineOptions['hub']): string[] {
  const url = URL.parse(endpoint)
  return url === null ? [] : [url.origin]
}

/** The Hub asks programs built on others to say so in this form (client: `utils/_headers.py`). */
function userAgentOf({ userAgent, hub }: EngineOptions): string {
  return hub.userAgentOrigin === null ? userAgent : `${userAgent}; origin/${hub.userAgentOrigin}`
}
