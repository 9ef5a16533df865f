import { type ByteRanges, clipRanges, countBytes, unionRanges } from './byte-ranges.ts'
import type { JournalRecord } from './journal-record.ts'

export interface RecoveryFacts {
  readonly found: {
    readonly written: JournalRecord | null
    readonly durable: JournalRecord | null
  }
  readonly identity: string
  readonly sizeBytes: number | null
  readonly bootId: string | null
  /** Length of the part file, null when there is none. */
  readonly partBytes: number | null
}

export interface Recovery {
  /** Bytes to build on: in the part file, and what they ought to be. */
  readonly written: ByteRanges
  /** Those of them that were synced. */
  readonly durable: ByteRanges
  /** True when the journal on disk claims more than may be built on. */
  readonly journalLies: boolean
  /** True when bytes of this very file were recorded, and the part file is gone. */
  readonly partLost: boolean
}

/**
 * What of an unfinished file may be continued. Trusts synced bytes always, unsynced ones
 * within the boot that wrote them, bytes of another file or beyond the end never.
 */
export function recoverRanges(facts: RecoveryFacts): Recovery {
  const end = Math.min(facts.partBytes ?? 0, facts.sizeBytes ?? Number.MAX_SAFE_INTEGER)
  const durableClaim = trusted(facts.found.durable, facts)
  const writtenClaim = sameBoot(facts.found.written, facts)
    ? trusted(facts.found.written, facts)
    : []
  const claim = unionRanges(durableClaim, writtenClaim)
  const written = clipRanges(claim, end)
  const foreign = [facts.found.durable, facts.found.written].some(
    (record) => record !== null && !belongs(record, facts),
  )
  return {
    written,
    durable: clipRanges(durableClaim, end),
    journalLies: foreign || countBytes(written) < countBytes(claim),
    partLost: facts.partBytes === null && claim.length > 0,
  }
}

function trusted(record: JournalRecord | null, facts: RecoveryFacts): ByteRanges {
  return record !== null && belongs(record, facts) ? record.ranges : []
}

function belongs(record: JournalRecord, facts: RecoveryFacts): boolean {
  if (record.identity !== facts.identity) return false
  return facts.sizeBytes === null || record.sizeBytes === facts.sizeBytes
}

function sameBoot(record: JournalRecord | null, facts: RecoveryFacts): boolean {
  return facts.bootId !== null && record?.bootId === facts.bootId
}
