import { diskFullError } from '../disk/disk-full-error.ts'
import { freeSpace } from '../disk/free-space.ts'
import { Reservations, type SpaceVerdict } from '../disk/reservations.ts'
import type { ReservePolicy } from './settings.ts'

export interface SpaceDemand {
  readonly id: string
  /** A folder on the file system where the bytes go. */
  readonly volume: string
  readonly neededBytes: number
  readonly totalBytes: number
}

/**
 * Sets free space aside for every download whose size is known, running or queued,
 * so that two of them are never promised the same bytes.
 */
export class Admission {
  readonly #reservations = new Reservations()
  readonly #policy: ReservePolicy
  readonly #measure: typeof freeSpace
  readonly #volumes = new Map<string, string>()

  constructor(policy: ReservePolicy, measure: typeof freeSpace = freeSpace) {
    this.#policy = policy
    this.#measure = measure
  }

  /** Weighs a demand against the free space and all other downloads; reserves nothing. */
  async weigh(demand: SpaceDemand): Promise<SpaceVerdict> {
    const { volume, availableBytes } = await this.#measure(demand.volume)
    return this.#reservations.check({
      ...demand,
      volume,
      freeBytes: availableBytes,
      policy: this.#policy,
    })
  }

  /**
   * Reserves what a download still needs.
   * @throws WindlassError DISK_FULL, with the numbers; then nothing is reserved for it
   */
  async reserve(demand: SpaceDemand): Promise<void> {
    const { volume, availableBytes } = await this.#measure(demand.volume)
    // No await between the check and the note: two downloads cannot both win.
    const verdict = this.#reservations.check({
      ...demand,
      volume,
      freeBytes: availableBytes,
      policy: this.#policy,
    })
    if (!verdict.ok) {
      this.release(demand.id)
      throw diskFullError(verdict, demand.volume)
    }
    this.#volumes.set(demand.id, volume)
    this.#reservations.set(demand.id, volume, demand.neededBytes)
  }

  /** Notes a queued download of known size without asking whether it fits: that is asked when it starts. */
  async expect(demand: SpaceDemand): Promise<void> {
    const { volume } = await this.#measure(demand.volume)
    this.#volumes.set(demand.id, volume)
    this.#reservations.set(demand.id, volume, demand.neededBytes)
  }

  /** Bytes that a running download has yet to write; what it wrote is no longer free anyway. */
  update(id: string, outstandingBytes: number): void {
    const volume = this.#volumes.get(id)
    if (volume !== undefined) this.#reservations.set(id, volume, outstandingBytes)
  }

  /** Bytes set aside on a volume. */
  reservedOn(volume: string): number {
    return this.#reservations.reservedOn(volume)
  }

  release(id: string): void {
    this.#volumes.delete(id)
    this.#reservations.release(id)
  }
}
