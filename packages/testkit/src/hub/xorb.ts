import type { VirtualBytes } from '../bytes/virtual-bytes.ts'

/** How much content one xorb holds at most. */
export const XORB_CONTENT_BYTES = 64 * 1024 * 1024

const CHUNK_BYTES = 64 * 1024
const HEADER_BYTES = 8

/** A container of chunks, each behind a header of 8 bytes, as a Xet client downloads it. */
export interface Xorb {
  /** The container as it is served. */
  readonly bytes: VirtualBytes
  /** How much content is inside. */
  readonly contentBytes: number
  /** The chunks that hold the content `[from, to)`; half-open. */
  chunksOf(from: number, to: number): { readonly start: number; readonly end: number }
  /** Where a chunk's content begins; for the number of chunks, where the last one ends. */
  contentStart(chunk: number): number
  /** The same for its bytes in the container. */
  wireStart(chunk: number): number
}

/** A xorb of uncompressed chunks (version 0, scheme 0) over the file's content from `offset` on. */
export function createXorb(file: VirtualBytes, offset: number): Xorb {
  const contentBytes = Math.min(XORB_CONTENT_BYTES, file.sizeBytes - offset)
  const contentStart = (chunk: number): number => Math.min(chunk * CHUNK_BYTES, contentBytes)
  const wireStart = (chunk: number): number => contentStart(chunk) + chunk * HEADER_BYTES
  const count = Math.ceil(contentBytes / CHUNK_BYTES)
  const wholeChunk = (chunk: number): Buffer => {
    const from = contentStart(chunk)
    const to = contentStart(chunk + 1)
    return Buffer.concat([chunkHeader(to - from), ...file.read(offset + from, offset + to)])
  }
  return {
    contentBytes,
    contentStart,
    wireStart,
    chunksOf: (from, to) => ({
      start: Math.floor(from / CHUNK_BYTES),
      end: Math.ceil(to / CHUNK_BYTES),
    }),
    bytes: {
      sizeBytes: wireStart(count),
      *read(start, end) {
        let chunk = Math.floor(start / (CHUNK_BYTES + HEADER_BYTES))
        for (; chunk < count && wireStart(chunk) < end; chunk++) {
          const at = wireStart(chunk)
          yield wholeChunk(chunk).subarray(Math.max(0, start - at), Math.max(0, end - at))
        }
      },
    },
  }
}

function chunkHeader(length: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUIntLE(length, 1, 3)
  header.writeUIntLE(length, 5, 3)
  return header
}
