import { isWindlassError } from '../../errors/windlass-error.ts'
import { headerOf, type ResponseHead } from '../../net/response-head.ts'
import type { Clock } from '../../runtime/clock.ts'
import { StopRequest, withChildSignal } from '../../runtime/stop-request.ts'
import type { BorrowedConnection } from '../carrier.ts'
import { ConnectionGovernor } from './connection-governor.ts'
import { type FileFetch, fetchRange } from './fetch-range.ts'

/** How often the flow is looked at. */
const TICK_MS = 50
/** A smaller file is there before a second connection would be. */
const SMALLEST_SHARED_BYTES = 8 * 1024 * 1024

interface Connection {
  /** Null for the file's own one. */
  readonly loan: BorrowedConnection | null
  /** Its answers bring bytes. */
  isFlowing: boolean
  /** Its last request brought nothing. */
  isIdle: boolean
  bytesPerMs: number | null
}

/**
 * The connections that fetch one file: at first its own, then as many borrowed ones as
 * help. One that fails leaves its work to the others; the last one's failure is the file's.
 */
export class ConnectionCrew {
  readonly #fetch: FileFetch
  readonly #clock: Pick<Clock, 'monotonicMs' | 'every'>
  readonly #governor: ConnectionGovernor
  readonly #crew = new Set<Connection>()
  readonly #finished = Promise.withResolvers<void>()
  #failure: { readonly error: unknown } | null = null

  constructor(fetch: FileFetch, clock: Pick<Clock, 'monotonicMs' | 'every'>) {
    this.#fetch = fetch
    this.#clock = clock
    const known = fetch.hosts.connections(fetch.host)
    const limit = this.#isShared() ? known.limit : 1
    this.#governor = new ConnectionGovernor({ ...known, limit, nowMs: clock.monotonicMs() })
  }

  /**
   * Works until nothing is left that a connection could fetch.
   * @throws what the last connection failed with, or what no other could mend; the signal's reason
   */
  async work(signal: AbortSignal): Promise<void> {
    await withChildSignal(signal, async (stop) => {
      this.#fill(stop)
      const endTicks = this.#clock.every(TICK_MS, () => this.#tick(stop))
      try {
        await this.#finished.promise
      } finally {
        endTicks()
      }
    })
    signal.throwIfAborted()
    if (this.#failure !== null) throw this.#failure.error
    const { host, hosts } = this.#fetch
    const { target, isSettled } = this.#governor
    if (this.#isShared()) hosts.noteConnections(host, target, isSettled)
  }

  #isShared(): boolean {
    const { request, part } = this.#fetch
    return request.spare !== undefined && (part.sizeBytes ?? 0) >= SMALLEST_SHARED_BYTES
  }

  #tick(stop: AbortController): void {
    if (stop.signal.aborted || this.#crew.size === 0) return
    const nowMs = this.#clock.monotonicMs()
    const flowing = [...this.#crew].filter(({ isFlowing }) => isFlowing).length
    const { arrivedBytes, missingBytes } = this.#fetch.plan
    this.#governor.observe({ nowMs, arrivedBytes, missingBytes, flowing })
    if (this.#governor.mayOpen(nowMs)) this.#fill(stop)
  }

  /** Opens connections until there are as many as there should be. */
  #fill(stop: AbortController): void {
    const joining: Connection[] = []
    while (this.#crew.size < this.#governor.target) {
      const hasOwn = [...this.#crew].some(({ loan }) => loan === null)
      const loan = hasOwn ? (this.#fetch.request.spare?.borrow() ?? null) : null
      if (hasOwn && loan === null) break
      const connection = { loan, isFlowing: false, isIdle: true, bytesPerMs: null }
      this.#crew.add(connection)
      joining.push(connection)
    }
    // All of them count before the first asks for its share.
    for (const connection of joining) void this.#run(connection, stop)
  }

  async #run(connection: Connection, stop: AbortController): Promise<void> {
    try {
      await withRecall(stop.signal, connection.loan, (signal) =>
        this.#fetchSegments(connection, signal),
      )
    } catch (error) {
      this.#judge(connection, error, stop)
    } finally {
      this.#crew.delete(connection)
      connection.loan?.giveBack()
      if (this.#crew.size === 0) this.#finished.resolve()
    }
  }

  async #fetchSegments(connection: Connection, signal: AbortSignal): Promise<void> {
    const { plan } = this.#fetch
    while (this.#crew.size <= this.#governor.target) {
      const { bytesPerMs } = connection
      const segment = plan.take({ isAlone: this.#governor.isContentWithOne, bytesPerMs })
      if (segment === null) return
      try {
        while (segment.position < segment.end) {
          signal.throwIfAborted()
          connection.isIdle = true
          await fetchRange(this.#fetch, {
            segment,
            signal,
            onAnswer: (head) => this.#answered(connection, head),
            isAlone: () => this.#crew.size === 1,
          })
        }
      } finally {
        connection.bytesPerMs = plan.release(segment) ?? bytesPerMs
      }
    }
  }

  #answered(connection: Connection, head: ResponseHead): void {
    connection.isFlowing = true
    connection.isIdle = false
    // RFC 9110 §14.3: the host will not continue this file in the middle.
    if (headerOf(head, 'accept-ranges')?.trim().toLowerCase() === 'none') this.#limitTo(1)
  }

  #judge(connection: Connection, error: unknown, stop: AbortController): void {
    if (stop.signal.aborted) return
    const others = this.#crew.size - 1
    const { part } = this.#fetch
    if (part.failure === null) {
      if (connection.loan?.recalled.aborted === true) return
      if (others > 0 && isMendedByOthers(error)) {
        this.#lost(connection, error, others)
        return
      }
    }
    this.#failure ??= part.failure ?? { error }
    stop.abort(new StopRequest('shutdown'))
  }

  /** One that was never let in means that there were too many; one that broke may come again. */
  #lost(connection: Connection, error: unknown, others: number): void {
    const anyFlows = [...this.#crew].some((one) => one !== connection && one.isFlowing)
    if (isWindlassError(error, 'RANGE_UNSUPPORTED')) this.#limitTo(1)
    else if (isWindlassError(error, 'HTTP_RATE_LIMITED')) {
      this.#limitTo(Math.max(1, Math.floor(this.#crew.size / 2)))
    } else if (connection.isIdle && anyFlows) this.#limitTo(others)
    else this.#governor.broke(this.#clock.monotonicMs())
  }

  #limitTo(connections: number): void {
    const { hosts, host } = this.#fetch
    if (connections >= this.#governor.limit) return
    this.#governor.refused(connections, this.#clock.monotonicMs())
    hosts.noteConnectionLimit(host, connections)
  }
}

/** Failures of a connection, as against those of the file: the other connections may do better. */
function isMendedByOthers(error: unknown): boolean {
  if (isWindlassError(error)) {
    return error.disposition === 'retry' || error.code === 'RANGE_UNSUPPORTED'
  }
  // A failure of the network carries a code; anything else is a mistake of ours.
  return error instanceof Error && 'code' in error
}

/** Runs `body` with a signal that also follows the recall of a borrowed connection. */
async function withRecall(
  signal: AbortSignal,
  loan: BorrowedConnection | null,
  body: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  if (loan === null) return body(signal)
  await withChildSignal(signal, async (child) => {
    const recall = (): void => child.abort(loan.recalled.reason)
    loan.recalled.addEventListener('abort', recall, { once: true })
    await body(child.signal)
  })
}
