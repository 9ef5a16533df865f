/** Bytes that can be read anywhere without being held in memory. */
export interface VirtualBytes {
  readonly sizeBytes: number
  /** Names equal content across instances, so that its digests are computed once. */
  readonly cacheKey?: string
  /** The bytes `[start, end)`, clamped to the size, in chunks of at most 256 KiB. */
  read(start: number, end: number): Iterable<Buffer>
}

/** The largest chunk that {@link VirtualBytes.read} yields. */
export const CHUNK_BYTES = 256 * 1024

/** Content that is small enough to be in memory. A string is UTF-8. */
export function bytesInMemory(content: string | Uint8Array): VirtualBytes {
  const whole = Buffer.from(content)
  return {
    sizeBytes: whole.length,
    *read(start, end) {
      const last = Math.min(end, whole.length)
      for (let at = start; at < last; at += CHUNK_BYTES) {
        yield whole.subarray(at, Math.min(at + CHUNK_BYTES, last))
      }
    },
  }
}

/** The same bytes but one: its lowest bit at `offset` is the other way round. */
export function withFlippedBit(bytes: VirtualBytes, offset: number): VirtualBytes {
  return {
    sizeBytes: bytes.sizeBytes,
    *read(start, end) {
      let at = start
      for (const chunk of bytes.read(start, end)) {
        const inside = offset - at
        at += chunk.length
        if (inside < 0 || inside >= chunk.length) {
          yield chunk
          continue
        }
        const flipped = Buffer.from(chunk)
        flipped.writeUInt8(flipped.readUInt8(inside) ^ 1, inside)
        yield flipped
      }
    },
  }
}

/** The part `[start, end)` as content of its own. */
export function sliceBytes(bytes: VirtualBytes, start: number, end: number): VirtualBytes {
  return {
    sizeBytes: end - start,
    read: (from, to) => bytes.read(start + from, Math.min(start + to, end)),
  }
}

/** One after the other. */
export function concatBytes(parts: readonly VirtualBytes[]): VirtualBytes {
  return {
    sizeBytes: parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    *read(start, end) {
      let at = 0
      for (const part of parts) {
        const from = Math.max(0, start - at)
        const to = Math.min(part.sizeBytes, end - at)
        at += part.sizeBytes
        if (from < to) yield* part.read(from, to)
      }
    },
  }
}

/** All of `[start, end)` in one buffer; for small ranges. */
export function readBytes(bytes: VirtualBytes, start = 0, end = bytes.sizeBytes): Buffer {
  return Buffer.concat([...bytes.read(start, end)])
}
