import { crc32 } from 'node:zlib'
import { parseJson } from '@windlass/contract'
import { z } from 'zod'
import { type ByteRanges, longestRanges } from './byte-ranges.ts'

/** Slots start on pages of their own, so that writing one cannot tear another. */
export const SLOT_BYTES = 4096
/** More holes than this are forgotten, the shortest ranges first. */
export const MAX_RANGES = 64

const MAGIC = 0x314a4c57 // "WLJ1"
const HEADER_BYTES = 20

/** What one slot of a journal says about its part file. */
export interface JournalRecord {
  /** Digest of what the bytes belong to (rule R9). */
  readonly identity: string
  readonly sizeBytes: number | null
  /** The boot of the machine in which it was written. */
  readonly bootId: string | null
  readonly ranges: ByteRanges
}

const Payload = z.object({
  identity: z.string(),
  sizeBytes: z.int().min(0).nullable(),
  bootId: z.string().nullable(),
  ranges: z.array(z.tuple([z.int().min(0), z.int().min(0)])).max(MAX_RANGES),
})

/**
 * One whole slot: magic, CRC-32 of all that follows, length, sequence number, JSON.
 * @throws TypeError when the record cannot fit
 */
export function encodeSlot(sequence: number, record: JournalRecord): Buffer {
  const ranges = longestRanges(record.ranges, MAX_RANGES).map(({ start, end }) => [start, end])
  const payload = Buffer.from(JSON.stringify({ ...record, ranges }))
  if (payload.length > SLOT_BYTES - HEADER_BYTES) throw new TypeError('journal record too long')
  const slot = Buffer.alloc(SLOT_BYTES)
  slot.writeUInt32LE(MAGIC, 0)
  slot.writeUInt32LE(payload.length, 8)
  slot.writeBigUInt64LE(BigInt(sequence), 12)
  payload.copy(slot, HEADER_BYTES)
  slot.writeUInt32LE(crc32(slot.subarray(8, HEADER_BYTES + payload.length)), 4)
  return slot
}

/** Reads a slot; null when it was never written, was torn, or is not ours. */
export function decodeSlot(
  slot: Buffer,
): { readonly sequence: number; readonly record: JournalRecord } | null {
  if (slot.length < SLOT_BYTES || slot.readUInt32LE(0) !== MAGIC) return null
  const length = slot.readUInt32LE(8)
  if (length > SLOT_BYTES - HEADER_BYTES) return null
  const end = HEADER_BYTES + length
  if (crc32(slot.subarray(8, end)) !== slot.readUInt32LE(4)) return null
  const parsed = Payload.safeParse(parseJson(slot.toString('utf8', HEADER_BYTES, end)))
  if (!parsed.success) return null
  const ranges = parsed.data.ranges.map(([start, stop]) => ({ start, end: stop }))
  return {
    sequence: Number(slot.readBigUInt64LE(12)),
    record: { ...parsed.data, ranges },
  }
}
