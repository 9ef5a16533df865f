import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Limits } from '@windlass/contract'
import type { Carrier } from './carriers/carrier.ts'
import {
  createRangedHttpCarrier,
  type RangedHttpOptions,
} from './carriers/ranged-http/create-ranged-http-carrier.ts'
import { AccessRepository } from './database/access-repository.ts'
import { DownloadRepository } from './database/download-repository.ts'
import { EventRepository } from './database/event-repository.ts'
import { IdempotencyRepository } from './database/idempotency-repository.ts'
import { openDatabase } from './database/open-database.ts'
import { QueueRepository } from './database/queue-repository.ts'
import { SettingRepository } from './database/setting-repository.ts'
import type { freeSpace } from './disk/free-space.ts'
import { Admission } from './downloads/admission.ts'
import { ConnectionLimits } from './downloads/connection-limits.ts'
import { EventBus } from './downloads/event-bus.ts'
import { startHeartbeat } from './downloads/heartbeat.ts'
import { Ledger } from './downloads/ledger.ts'
import { openDownloads } from './downloads/open-downloads.ts'
import { openEventLog } from './downloads/open-event-log.ts'
import { openStats } from './downloads/open-stats.ts'
import { recover } from './downloads/recover.ts'
import { Runner } from './downloads/runner.ts'
import { Scheduler } from './downloads/scheduler.ts'
import { statesThatAllow } from './downloads/state-table.ts'
import { sweep } from './downloads/sweep.ts'
import type { Engine, EngineOptions } from './engine.ts'
import { openHomeOwner } from './home-owner.ts'
import { openLimits } from './limits/open-limits.ts'
import { openModels } from './models/open-models.ts'
import { NO_BANDWIDTH_LIMITS } from './net/bandwidth/bandwidth-limits.ts'
import { createBandwidth } from './net/bandwidth/create-bandwidth.ts'
import { createHttpClient, type HttpClientOptions } from './net/create-http-client.ts'
import { HostConnections } from './net/host-connections.ts'
import type { HttpClient } from './net/http-client.ts'
import { Closer } from './runtime/closer.ts'
import { createHubSource } from './sources/huggingface/create-hub-source.ts'
import { SourceRegistry } from './sources/registry.ts'
import type { Source } from './sources/source.ts'
import { createHubCacheStore } from './stores/hub-cache/create-hub-cache-store.ts'
import type { Store } from './stores/store.ts'
import { createHashing } from './verification/create-hashing.ts'
import type { Hashing } from './verification/hasher.ts'

/** Parts that a test brings along; what is absent is the engine's own. */
export interface EngineParts {
  /** Asked before the engine's own sources. */
  readonly sources?: (http: HttpClient) => readonly Source[]
  /** Changes how hosts are reached, for example the time-outs. */
  readonly http?: Partial<HttpClientOptions>
  /** Changes how bytes are carried, for example how many of them at most. */
  readonly rangedHttp?: Partial<RangedHttpOptions>
  /** Where everything is put instead of into the Hub's cache. */
  readonly store?: Store
  /** Brings the bytes instead of the one that asks for ranges. */
  readonly carrier?: Carrier
  /** Tells the digests of what the carrier brought. */
  readonly hashing?: Hashing
  readonly openDatabase?: typeof openDatabase
  readonly freeSpace?: typeof freeSpace
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
  const open = given.openDatabase ?? openDatabase
  const database = closer.add('database', await open(join(home, 'windlass.db')), (db) =>
    db.destroy(),
  )
  const downloads = new DownloadRepository(database)
  const queue = new QueueRepository(database, statesThatAllow('move'))
  const events = new EventRepository(database)
  const settings = new SettingRepository(database)
  const keys = new IdempotencyRepository(database)
  const bus = new EventBus({
    onListenerError: (err) => log.error({ err }, 'an event listener failed'),
  })
  const ledger = new Ledger({
    database,
    downloads,
    queue,
    events,
    settings,
    bus,
    now: () => clock.now(),
  })
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
  const bandwidth = createBandwidth(clock)
  const connections = new ConnectionLimits(limits.connections)
  const hosts = new HostConnections()
  const opened = closer.add(
    'limits',
    await openLimits(limitsOf(options), {
      bandwidth,
      connections,
      hosts,
      ledger,
      settings,
      clock,
      timeZone: ports.timeZone ?? systemTimeZone,
      log,
    }),
    (open) => open.close(),
  )
  const hashing = closer.add('hashing', given.hashing ?? createHashing(), (it) => it.close())
  const guarded = hosts.guard(http)
  const carrier =
    given.carrier ??
    createRangedHttpCarrier({ http: guarded, clock, log, bootId, ...given.rangedHttp })
  const sources = new SourceRegistry([
    ...(given.sources?.(http) ?? []),
    createHubSource({ http, environment: hub, clock }),
  ])
  const hubCache = createHubCacheStore({
    cacheDir: hub.cacheDir,
    symlinks: !hub.symlinksDisabled,
    owner: await openHomeOwner(home, random),
    clock,
    log,
  })
  // One store so far; a placement names the store it is for.
  const store = () => given.store ?? hubCache

  const admission = new Admission(options.reserve, given.freeSpace)
  const runner = new Runner({
    sources,
    store,
    carrier,
    hashing,
    bandwidth,
    connections,
    clock,
    random,
    reserve: (demand) => admission.reserve(demand),
  })
  const liveLimits = () => ({ ...limits, ...opened.values })
  const scheduler = new Scheduler({
    downloads,
    queue,
    ledger,
    run: (claim, listener, runOptions) => runner.run(claim, listener, runOptions),
    limits: liveLimits,
    clock,
    random,
    log,
    onSettled: async (id) => {
      const state = (await downloads.find(id))?.state
      if (state !== 'queued' && state !== 'waiting') admission.release(id)
    },
  })
  closer.add('scheduler', scheduler, () => scheduler.stop())

  opened.onChange(() => scheduler.poke())
  const parts = {
    sources,
    downloads,
    queue,
    keys,
    ledger,
    scheduler,
    admission,
    limits: liveLimits,
    clock,
    random,
    store,
    log,
    cutRestsShort: () => http.cutRestsShort(),
    setDownloadRate: (id: string, rate: number | null) => opened.setDownloadRate(id, rate),
  }
  await recover(parts)
  await sweep({ downloads, stores: [store()], log })
  closer.add('heartbeat', startHeartbeat({ ...parts, emit: (event) => bus.emit(event) }), (stop) =>
    stop(),
  )
  if (options.start ?? true) scheduler.start()
  const openedDownloads = openDownloads(parts)
  const models = closer.add(
    'models',
    openModels({
      environment: hub,
      hub: sources.get('huggingface'),
      downloads: openedDownloads,
      records: downloads,
      events: eventLog,
      hashing,
      clock,
      log,
    }),
    (opened) => opened.close(),
  )
  return {
    downloads: openedDownloads,
    events: eventLog,
    limits: opened,
    models,
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
    blame: (cause) => scheduler.blame(cause),
    close: () => closer.close(),
  }
}

/** The limits of the settings; what they do not know is not limited. */
function limitsOf({ limits, bandwidth }: EngineOptions): Limits {
  const { maxActive, maxQueued, connections } = limits
  return {
    ...NO_BANDWIDTH_LIMITS,
    ...bandwidth,
    maxActive,
    maxQueued,
    connections,
    connectionsPerHost: null,
    schedule: [],
    temporary: null,
  }
}

function systemTimeZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone
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
