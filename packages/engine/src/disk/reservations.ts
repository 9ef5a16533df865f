import type { ReservePolicy } from '../downloads/settings.ts'

export interface SpaceRequest {
  /** The download that asks; what it reserved before does not count against it. */
  readonly id: string
  readonly volume: string
  /** Bytes it has yet to write. */
  readonly neededBytes: number
  /** Its whole size, of which the margin is a share. */
  readonly totalBytes: number
  /** Bytes that may be written on the volume now. */
  readonly freeBytes: number
  readonly policy: ReservePolicy
}

/** Why there is, or is not, enough room. */
export interface SpaceNumbers {
  readonly neededBytes: number
  readonly freeBytes: number
  /** What other downloads on the volume have yet to write. */
  readonly reservedBytes: number
  /** What is left alone. */
  readonly marginBytes: number
  /** How much is missing; 0 when there is enough. */
  readonly missingBytes: number
}

export interface SpaceVerdict extends SpaceNumbers {
  readonly ok: boolean
}

/** The ledger of bytes that admitted downloads have yet to write, per volume. Touches no disk. */
export class Reservations {
  readonly #entries = new Map<string, { readonly volume: string; readonly bytes: number }>()

  /** Weighs a download against the free space and all the others. Reserves nothing. */
  check(request: SpaceRequest): SpaceVerdict {
    const { neededBytes, freeBytes, policy } = request
    const reservedBytes = this.#reservedByOthers(request.id, request.volume)
    const marginBytes = Math.max(Math.ceil(request.totalBytes * policy.share), policy.minBytes)
    const missing = neededBytes + reservedBytes + marginBytes - freeBytes
    // A download that writes nothing more is never stopped by a full disk.
    const missingBytes = neededBytes === 0 ? 0 : Math.max(0, missing)
    return {
      ok: missingBytes === 0,
      neededBytes,
      freeBytes,
      reservedBytes,
      marginBytes,
      missingBytes,
    }
  }

  /** Notes what a download has yet to write, in place of what it had noted before. */
  set(id: string, volume: string, outstandingBytes: number): void {
    this.#entries.set(id, { volume, bytes: Math.max(0, outstandingBytes) })
  }

  release(id: string): void {
    this.#entries.delete(id)
  }

  /** Bytes noted for a volume. */
  reservedOn(volume: string): number {
    let bytes = 0
    for (const entry of this.#entries.values()) if (entry.volume === volume) bytes += entry.bytes
    return bytes
  }

  #reservedByOthers(id: string, volume: string): number {
    const own = this.#entries.get(id)
    return this.reservedOn(volume) - (own?.volume === volume ? own.bytes : 0)
  }
}
