/** Bytes of files that came from one host for one source. */
export interface HostTraffic {
  readonly source: string
  /** `host`, or `host:port` for a port of its own; `other` for all beyond the first hundred. */
  readonly host: string
  readonly bytes: number
}

/** Grows with each chunk of one body; shared by the bodies of one source and host. */
export interface TrafficCounter {
  bytes: number
}

const MOST_HOSTS = 100

/** What came from where since the start. Hosts are named by refs and redirects, so they are bounded. */
export class Traffic {
  readonly #bySource = new Map<string, Map<string, TrafficCounter>>()
  #hosts = 0

  counter(source: string, host: string): TrafficCounter {
    const hosts = this.#bySource.get(source) ?? new Map<string, TrafficCounter>()
    this.#bySource.set(source, hosts)
    const name = hosts.has(host) || this.#hosts < MOST_HOSTS ? host : 'other'
    const known = hosts.get(name)
    if (known !== undefined) return known
    const counter = { bytes: 0 }
    hosts.set(name, counter)
    this.#hosts++
    return counter
  }

  list(): readonly HostTraffic[] {
    return [...this.#bySource].flatMap(([source, hosts]) =>
      [...hosts].map(([host, { bytes }]) => ({ source, host, bytes })),
    )
  }
}
