import { Traffic } from '../traffic.ts'
import { type BandwidthLimits, NO_BANDWIDTH_LIMITS } from './bandwidth-limits.ts'
import { RouteMeter } from './byte-meter.ts'
import type { BandwidthClock, FairBucket } from './fair-bucket.ts'
import { LimitGroup } from './limit-group.ts'
import type { Throttle } from './throttle.ts'

/** One download's share of the bandwidth. */
export interface DownloadThrottle extends Throttle {
  /** The download runs no longer: its own limit is forgotten. */
  close(): void
}

/**
 * The limits of everything that this process fetches. Below each limit the downloads share
 * evenly, whatever their number of connections, and what one does not use the others get.
 */
export interface Bandwidth {
  /** What went through, limited or not. */
  readonly traffic: Traffic
  readonly limits: BandwidthLimits
  /** In force for the next chunk of every running transfer. */
  setLimits(limits: BandwidthLimits): void
  /** `limitRate`: bytes per second that this download was given by itself. */
  open(download: {
    readonly id: string
    readonly source: string
    readonly limitRate: number | null
  }): DownloadThrottle
  /** Changes the own limit of a download; nothing happens when it does not run. */
  setDownloadRate(id: string, limitRate: number | null): void
}

const ALL = 'all'

export function createBandwidth(
  clock: BandwidthClock,
  initial: BandwidthLimits = NO_BANDWIDTH_LIMITS,
): Bandwidth {
  return new LimitTree(clock, initial)
}

class LimitTree implements Bandwidth {
  readonly traffic = new Traffic()
  readonly #total: LimitGroup
  readonly #sources: LimitGroup
  readonly #hosts: LimitGroup
  readonly #downloads: LimitGroup
  /** The own limits of the downloads that run. */
  readonly #own = new Map<string, number | null>()
  #limits = NO_BANDWIDTH_LIMITS
  /** Grows with each change, so that a meter knows when to look for its limits again. */
  #version = 0

  constructor(clock: BandwidthClock, limits: BandwidthLimits) {
    this.#total = new LimitGroup(clock)
    this.#sources = new LimitGroup(clock)
    this.#hosts = new LimitGroup(clock)
    this.#downloads = new LimitGroup(clock)
    this.setLimits(limits)
  }

  get limits(): BandwidthLimits {
    return this.#limits
  }

  setLimits(limits: BandwidthLimits): void {
    this.#version++
    this.#limits = limits
    this.#total.set(ALL, limits.limitRate)
    this.#sources.replace(limits.perSource)
    this.#hosts.replace(lowerCased(limits.perHost))
    for (const [id, own] of this.#own) this.#downloads.set(id, lower(own, limits.perDownload))
  }

  setDownloadRate(id: string, limitRate: number | null): void {
    if (!this.#own.has(id)) return
    this.#version++
    this.#own.set(id, limitRate)
    this.#downloads.set(id, lower(limitRate, this.#limits.perDownload))
  }

  open(download: Parameters<Bandwidth['open']>[0]): DownloadThrottle {
    const { id, source, limitRate } = download
    this.#own.set(id, limitRate)
    this.setDownloadRate(id, limitRate)
    return {
      open: (url, { signal }) =>
        new RouteMeter({
          lane: id,
          signal,
          route: this.#routeOf({ id, source, url }),
          counter: this.traffic.counter(source, url.host),
        }),
      close: () => {
        this.#own.delete(id)
        this.#version++
        this.#downloads.set(id, null)
      },
    }
  }

  /** The narrowest first, so that nobody holds a share of a wide limit while it waits at a narrow one. */
  #routeOf(way: { readonly id: string; readonly source: string; readonly url: URL }) {
    let version = -1
    let route: readonly FairBucket[] = []
    return (): readonly FairBucket[] => {
      if (version === this.#version) return route
      version = this.#version
      route = [
        this.#downloads.get(way.id),
        this.#hosts.get(way.url.host),
        way.url.port === '' ? null : this.#hosts.get(way.url.hostname),
        this.#sources.get(way.source),
        this.#total.get(ALL),
      ].filter((bucket) => bucket !== null)
      return route
    }
  }
}

function lower(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other
  return Math.min(one, other)
}

function lowerCased(rates: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(rates).map(([host, rate]) => [host.toLowerCase(), rate]))
}
