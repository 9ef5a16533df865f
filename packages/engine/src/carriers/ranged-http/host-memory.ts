import type { Clock } from '../../runtime/clock.ts'

/** Hosts to remember at most; the oldest is forgotten. */
const MAX_HOSTS = 1000
/** A host that let few connections in may have been busy. */
const REFUSAL_MS = 10 * 60_000

interface HostHabits {
  readonly misreadsIfRange: boolean
  /** How many connections were good for the last file. */
  readonly connections: number
  /** More than this it did not let in, until it is worth another try. */
  readonly limit: { readonly connections: number; readonly untilMs: number } | null
}

const UNKNOWN: HostHabits = { misreadsIfRange: false, connections: 1, limit: null }

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
  connections(host: string): { readonly start: number; readonly limit: number } {
    const { connections, limit } = this.#of(host)
    const isOver = limit === null || limit.untilMs <= this.#clock.monotonicMs()
    return { start: connections, limit: isOver ? Number.MAX_SAFE_INTEGER : limit.connections }
  }

  noteConnections(host: string, connections: number): void {
    this.#note(host, { connections })
  }

  noteConnectionLimit(host: string, connections: number): void {
    const untilMs = this.#clock.monotonicMs() + REFUSAL_MS
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
