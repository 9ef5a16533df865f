import { expect, it } from 'vitest'
import type { JournalRecord } from './journal-record.ts'
import { type Recovery, type RecoveryFacts, recoverRanges } from './recover-ranges.ts'

const record = (end: number, changes: Partial<JournalRecord> = {}): JournalRecord => ({
  identity: 'mine',
  sizeBytes: 100,
  bootId: 'today',
  ranges: [{ start: 0, end }],
  ...changes,
})
const upTo = (end: number) => (end === 0 ? [] : [{ start: 0, end }])

const rows: readonly {
  readonly name: string
  readonly facts: Partial<RecoveryFacts>
  readonly written: number
  readonly durable: number
  readonly more?: Partial<Recovery>
}[] = [
  { name: 'trusts unsynced bytes within one boot', facts: {}, written: 80, durable: 50 },
  {
    name: 'trusts only synced bytes after a power cut',
    facts: { bootId: 'tomorrow' },
    written: 50,
    durable: 50,
  },
  {
    name: 'trusts only synced bytes where boots cannot be told apart',
    facts: { bootId: null },
    written: 50,
    durable: 50,
  },
  {
    name: 'never continues the bytes of another file',
    facts: { identity: 'other' },
    written: 0,
    durable: 0,
    more: { journalLies: true },
  },
  {
    name: 'never continues a file of another size',
    facts: { sizeBytes: 101 },
    written: 0,
    durable: 0,
    more: { journalLies: true },
  },
  {
    name: 'continues a file whose size the source does not tell',
    facts: { sizeBytes: null },
    written: 80,
    durable: 50,
  },
  {
    name: 'trusts no more than there is of a part file that was cut short',
    facts: { partBytes: 30 },
    written: 30,
    durable: 30,
    more: { journalLies: true },
  },
  {
    name: 'trusts positions, not the length of the part file',
    facts: { partBytes: 999 },
    written: 80,
    durable: 50,
  },
  {
    name: 'tells that the part file is lost',
    facts: { partBytes: null },
    written: 0,
    durable: 0,
    more: { journalLies: true, partLost: true },
  },
  {
    name: 'begins at 0 without a readable record',
    facts: { found: { written: null, durable: null } },
    written: 0,
    durable: 0,
  },
]

it.each(rows)('$name', ({ facts, written, durable, more }) => {
  const found = { written: record(80), durable: record(50) }
  const base = { found, identity: 'mine', sizeBytes: 100, bootId: 'today', partBytes: 100 }
  expect(recoverRanges({ ...base, ...facts })).toEqual({
    written: upTo(written),
    durable: upTo(durable),
    journalLies: false,
    partLost: false,
    ...more,
  })
})
