import { ERROR_CODES, type ErrorCode, type WindlassEvent } from '@windlass/contract'
import type { EventLog } from '@windlass/engine'

/** How often each of some names came. */
export type Tally = ReadonlyMap<string, number>

/**
 * What happened since the home was opened, counted from its events: also what happens before
 * anybody asks for the metrics.
 */
export class EventCounts {
  readonly #retries = new Map<string, number>()
  readonly #verifyFailures = new Map<string, number>()
  readonly #settled = new Map<string, number>()
  #stalls = 0

  /** Failures after which something was tried again, by code. */
  get retries(): Tally {
    return this.#retries
  }

  /** Files whose size or checksum was wrong, by code. */
  get verifyFailures(): Tally {
    return this.#verifyFailures
  }

  /** Downloads that came to an end, by their last state. */
  get settled(): Tally {
    return this.#settled
  }

  /** Connections on which a host stopped sending. */
  get stalls(): number {
    return this.#stalls
  }

  /** Counts until the returned function is called. */
  follow(events: EventLog): () => void {
    return events.subscribe((event) => this.#count(event))
  }

  #count(event: WindlassEvent): void {
    if (event.type === 'download.noticed') this.#countFailure(event.data.code)
    if (event.type !== 'download.state-changed') return
    const { to, reason } = event.data
    if (reason !== undefined) this.#countFailure(reason.code)
    if (to === 'completed' || to === 'failed' || to === 'cancelled') increase(this.#settled, to)
  }

  #countFailure(code: ErrorCode): void {
    const { disposition } = ERROR_CODES[code]
    if (disposition === 'retry' || disposition === 'restart') increase(this.#retries, code)
    if (code === 'NET_STALL') this.#stalls++
    if (code === 'HASH_MISMATCH' || code === 'SIZE_MISMATCH') increase(this.#verifyFailures, code)
  }
}

function increase(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}
