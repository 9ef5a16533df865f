import type { Carrier } from '../carriers/carrier.ts'
import type { Bandwidth } from '../net/bandwidth/create-bandwidth.ts'
import type { Clock } from '../runtime/clock.ts'
import type { SourceRegistry } from '../sources/registry.ts'
import type { Store } from '../stores/store.ts'
import type { Hashing } from '../verification/hasher.ts'
import type { ConnectionLimits } from './connection-limits.ts'
import type { StoredResolution } from './download-record.ts'

export interface RunnerDeps {
  readonly sources: SourceRegistry
  readonly store: (placement: StoredResolution['placement']) => Store
  readonly carrier: Carrier
  readonly hashing: Hashing
  readonly bandwidth: Pick<Bandwidth, 'open'>
  readonly connections: Pick<ConnectionLimits, 'follow'>
  readonly clock: Clock
  readonly random: () => number
  /**
   * Sets space aside for the bytes that are still to come.
   * @throws WindlassError DISK_FULL, with the numbers, when they do not fit
   */
  readonly reserve: (request: {
    readonly id: string
    readonly volume: string
    readonly neededBytes: number
    readonly totalBytes: number
  }) => Promise<void>
}

/** The failures of a run so far, so that an outcome can tell their number. */
export interface RunFailures {
  attempts: number
}
