/** One metric: its kind, its labels, and what it says. */
export interface MetricSpec {
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly labels: readonly string[]
  readonly help: string
}

/** Every metric of `GET /metrics`. Names are public: add freely, never rename. */
export const METRICS = {
  windlass_info: { kind: 'gauge', labels: ['version'], help: 'Always 1; names the version.' },
  windlass_downloads: { kind: 'gauge', labels: ['state'], help: 'Downloads in each state.' },
  windlass_downloads_standing: {
    kind: 'gauge',
    labels: ['state', 'code'],
    help: 'Downloads that stand still, by the code of the reason.',
  },
  windlass_received_bytes_total: {
    kind: 'counter',
    labels: ['source', 'host'],
    help: 'Bytes of files received since the start, by the host that sent them; `other` beyond a hundred hosts.',
  },
  windlass_retries_total: {
    kind: 'counter',
    labels: ['code'],
    help: 'Failures after which something was tried again, by code.',
  },
  windlass_stalls_total: {
    kind: 'counter',
    labels: [],
    help: 'Connections on which a host stopped sending.',
  },
  windlass_verify_failures_total: {
    kind: 'counter',
    labels: ['code'],
    help: 'Files whose size or checksum was wrong.',
  },
  windlass_settled_total: {
    kind: 'counter',
    labels: ['state'],
    help: 'Downloads that were completed, failed or were cancelled since the start.',
  },
  windlass_disk_free_bytes: {
    kind: 'gauge',
    labels: ['use'],
    help: 'Bytes that may still be written on the disk of the cache, and on that of the home.',
  },
  windlass_disk_reserved_bytes: {
    kind: 'gauge',
    labels: ['use'],
    help: 'Bytes set aside on that disk for what is yet to be written.',
  },
  windlass_event_readers: {
    kind: 'gauge',
    labels: [],
    help: 'Readers of the live events at the moment.',
  },
  windlass_event_loop_delay_seconds: {
    kind: 'gauge',
    labels: ['quantile'],
    help: 'How late the event loop was since the last look: 0.5, 0.99, and 1 for the most.',
  },
  windlass_http_requests_seconds: {
    kind: 'histogram',
    labels: ['method', 'route', 'status'],
    help: 'Time to answer a request, streams left out.',
  },
  windlass_resident_bytes: { kind: 'gauge', labels: [], help: 'Memory of the process.' },
  windlass_uptime_seconds: { kind: 'gauge', labels: [], help: 'Time since the start.' },
} as const satisfies Record<string, MetricSpec>

export type MetricName = keyof typeof METRICS
