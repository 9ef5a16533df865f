import type { Clock, Engine, EngineStats } from '@windlass/engine'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { EventCounts, Tally } from './event-counts.ts'
import type { LoopDelay } from './loop-delay.ts'
import { METRICS, type MetricName } from './metrics-table.ts'

export interface AppMetricsOptions {
  readonly engine: Pick<Engine, 'stats'>
  readonly counts: EventCounts
  readonly clock: Clock
  readonly version: string
  readonly readers: () => number
  readonly loopDelay: () => LoopDelay
}

export interface Answered {
  readonly method: string
  /** Pattern of the route; null when there was none. */
  readonly route: string | null
  readonly status: number
  readonly seconds: number
}

const BUCKETS_SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30]

/** The metrics of one app, in a registry of its own. */
export class AppMetrics {
  readonly #options: AppMetricsOptions
  readonly #registry = new Registry()
  readonly #startedMs: number
  readonly #info = this.#gauge('windlass_info')
  readonly #downloads = this.#gauge('windlass_downloads')
  readonly #standing = this.#gauge('windlass_downloads_standing')
  readonly #received = this.#counter('windlass_received_bytes_total')
  readonly #retries = this.#counter('windlass_retries_total')
  readonly #stalls = this.#counter('windlass_stalls_total')
  readonly #verifyFailures = this.#counter('windlass_verify_failures_total')
  readonly #settled = this.#counter('windlass_settled_total')
  readonly #free = this.#gauge('windlass_disk_free_bytes')
  readonly #reserved = this.#gauge('windlass_disk_reserved_bytes')
  readonly #readers = this.#gauge('windlass_event_readers')
  readonly #loopDelay = this.#gauge('windlass_event_loop_delay_seconds')
  readonly #resident = this.#gauge('windlass_resident_bytes')
  readonly #uptime = this.#gauge('windlass_uptime_seconds')
  readonly #requests = new Histogram({
    name: 'windlass_http_requests_seconds',
    help: METRICS.windlass_http_requests_seconds.help,
    labelNames: [...METRICS.windlass_http_requests_seconds.labels],
    buckets: BUCKETS_SECONDS,
    registers: [this.#registry],
  })

  constructor(options: AppMetricsOptions) {
    this.#options = options
    this.#startedMs = options.clock.monotonicMs()
    this.#info.set({ version: options.version }, 1)
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  answered({ method, route, status, seconds }: Answered): void {
    this.#requests.observe({ method, route: route ?? 'none', status: String(status) }, seconds)
  }

  /** All metrics of the moment, as Prometheus reads them. */
  async text(): Promise<string> {
    const { engine, clock, readers, loopDelay } = this.#options
    this.#show(await engine.stats())
    this.#showCounts()
    this.#readers.set(readers())
    for (const [quantile, seconds] of Object.entries(loopDelay())) {
      this.#loopDelay.set({ quantile }, seconds)
    }
    this.#resident.set(process.memoryUsage.rss())
    this.#uptime.set((clock.monotonicMs() - this.#startedMs) / 1000)
    return await this.#registry.metrics()
  }

  #show({ downloads, traffic, disks }: EngineStats): void {
    this.#downloads.reset()
    this.#standing.reset()
    for (const { state, code, count } of downloads) {
      this.#downloads.inc({ state }, count)
      if (code !== null) this.#standing.set({ state, code }, count)
    }
    this.#received.reset()
    for (const { source, host, bytes } of traffic) this.#received.inc({ source, host }, bytes)
    for (const { use, freeBytes, reservedBytes } of disks) {
      this.#free.set({ use }, freeBytes)
      this.#reserved.set({ use }, reservedBytes)
    }
  }

  #showCounts(): void {
    const { retries, verifyFailures, settled, stalls } = this.#options.counts
    showTally(this.#retries, 'code', retries)
    showTally(this.#verifyFailures, 'code', verifyFailures)
    showTally(this.#settled, 'state', settled)
    this.#stalls.reset()
    this.#stalls.inc(stalls)
  }

  #gauge(name: MetricName): Gauge {
    const { help, labels } = METRICS[name]
    return new Gauge({ name, help, labelNames: [...labels], registers: [this.#registry] })
  }

  #counter(name: MetricName): Counter {
    const { help, labels } = METRICS[name]
    return new Counter({ name, help, labelNames: [...labels], registers: [this.#registry] })
  }
}

function showTally(counter: Counter, label: string, tally: Tally): void {
  counter.reset()
  for (const [name, count] of tally) counter.inc({ [label]: name }, count)
}
