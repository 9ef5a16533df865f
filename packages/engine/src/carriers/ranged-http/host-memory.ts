import type { Clock } from '../../runtime/clock.ts'

/** Hosts to remember at most; the oldest is forgotten. */
const MAX_HOSTS = 1000
/** How long connections are counted on: lines change, and a host that let few in may have been busy. */
const LASTING_MS = 10 * 60_000

interface HostHabits {
  readonly misreadsIfRange: boolean
  /** How many connections were good for the last file, and whether fewer were tried. */
  readonly good: {
    readonly connections: number
    readonly isTried: boolean
    readonly untilMs: number
  }
  /** More than this it did not let in. */
  readonly limit: { readonly connections: number; readonly untilMs: number }
}

const UNKNOWN: HostHabits = {
  misreadsIfRange: false,
  good: { connections: 1, isTried: false, untilMs: 0 },
  limit: { connections: 1, untilMs: 0 },
}

/** What hosts were found to do, for as long as the carrier lives. */
export class HostMemory {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #hosts = new Map<string, HostHabits>()

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock
  }

  /** True when the host answers with the whole file whenever `If-Range` is sent. */
  misreadsIfRange(host: string): boolean {
    return this.#of(host).misreadsIfRange
  }

  noteMisreadIfRange(host: string): void {
    this.#note(host, { misreadsIfRange: true })
  }

  /** Connections to begin the next file with, and how many the host lets in. */
  connections(host: string): {
    readonly start: number
    readonly isTried: boolean
    readonly limit: number
  } {
    const now = this.#clock.monotonicMs()
    const { good, limit } = this.#of(host)
    const isKnown = good.untilMs > now
    return {
      start: isKnown ? good.connections : 1,
      isTried: isKnown && good.isTried,
      limit: limit.untilMs > now ? limit.connections : Number.MAX_SAFE_INTEGER,
    }
  }

  noteConnections(host: string, connections: number, isTried: boolean): void {
    const untilMs = this.#clock.monotonicMs() + LASTING_MS
    this.#note(host, { good: { connections, isTried, untilMs } })
  }

  noteConnectionLimit(host: string, connections: number): void {
    const untilMs = this.#clock.monotonicMs() + LASTING_MS
    this.#note(host, { limit: { connections, untilMs } })
  }

  #of(host: string): HostHabits {
    return this.#hosts.get(host) ?? UNKNOWN
  }

  #note(host: string, habits: Partial<HostHabits>): void {
    const known = this.#of(host)
    this.#hosts.delete(host)
    this.#hosts.set(host, { ...known, ...habits })
    const [oldest] = this.#hosts.keys()
    if (this.#hosts.size > MAX_HOSTS && oldest !== undefined) this.#hosts.delete(oldest)
  }
}
