import { readFile } from 'node:fs/promises'
import { type FaultRule, readBytes } from '@windlass/testkit'
import { expect, it } from 'vitest'
import { StopRequest } from '../../runtime/stop-request.ts'
import type { BorrowedConnection, SpareConnections } from '../carrier.ts'
import { type CarrierFixture, openCarrierFixture, quickClock, until } from './carrier-fixture.ts'

const MIB = 1024 * 1024
const SIZE = 32 * MIB + 17

interface Spare extends SpareConnections {
  readonly lent: number
  readonly most: number
  recallAll(): void
}

function createSpare(limit: number): Spare {
  const loans = new Set<AbortController>()
  let most = 0
  return {
    get lent() {
      return loans.size
    },
    get most() {
      return most
    },
    recallAll() {
      for (const loan of loans) loan.abort(new StopRequest('shutdown'))
    },
    borrow(): BorrowedConnection | null {
      if (loans.size === limit) return null
      const loan = new AbortController()
      loans.add(loan)
      most = Math.max(most, loans.size)
      return { recalled: loan.signal, giveBack: () => void loans.delete(loan) }
    },
  }
}

/** A host that caps each connection, so that several help. */
async function openCapped(rate = 4 * MIB, etag?: string): Promise<CarrierFixture> {
  const fixture = await openCarrierFixture({
    sizeBytes: SIZE,
    clock: quickClock,
    ...(etag === undefined ? {} : { etag }),
  })
  fixture.fault({ match: { role: 'cdn' }, do: { bytesPerSecond: rate } })
  return fixture
}

async function expectWholeFile(fixture: CarrierFixture): Promise<void> {
  const there = await readFile(fixture.staged.partPath)
  expect(there.equals(readBytes(fixture.bytes))).toBe(true)
  expect(fixture.progress.at(-1)).toBe(fixture.bytes.sizeBytes)
  expect(fixture.frontiers.at(-1)).toBe(fixture.bytes.sizeBytes)
}

function cdnRequests(fixture: CarrierFixture) {
  return fixture.log.filter(({ role }) => role === 'cdn')
}

function bytesSent(fixture: CarrierFixture): number {
  return cdnRequests(fixture).reduce((sum, entry) => sum + entry.bytesSent, 0)
}

it('fetches a file over as many connections as there are to spare, when each is capped', async () => {
  await using fixture = await openCapped()
  const spare = createSpare(7)
  await fixture.transfer({ spare })
  await expectWholeFile(fixture)
  expect(spare).toMatchObject({ most: 7, lent: 0 })
  // What was on its way to a connection whose segment ended early is all that came twice.
  expect(bytesSent(fixture) - SIZE).toBeLessThan(2 * MIB)
})

it('walks to the link once for all connections, also when it expires', async () => {
  await using fixture = await openCapped()
  const transfer = fixture.transfer({ spare: createSpare(3) })
  await until(() => (fixture.progress.at(-1) ?? 0) > 4 * MIB)
  fixture.expireLinks()
  await transfer
  await expectWholeFile(fixture)
  expect(fixture.asked('hub')).toHaveLength(2)
})

it('fetches a small file, and one that may have but one connection, by one request', async () => {
  await using fixture = await openCapped(64 * MIB)
  await fixture.transfer()
  await expectWholeFile(fixture)
  const small = fixture.file({ sizeBytes: 7 * MIB })
  const spare = createSpare(7)
  const headers = { 'Content-Range': `bytes 0-${7 * MIB - 1}/${7 * MIB}` }
  fixture.heal()
  fixture.fault({ match: { role: 'cdn' }, do: { bytesPerSecond: 16 * MIB, headers } })
  await fixture.transfer({ spare, file: small, identity: 'small' })
  expect(spare.most).toBe(0)
  expect(cdnRequests(fixture)).toHaveLength(2)
})

it('opens no second connection to a host that cannot continue a file (RG18)', async () => {
  await using fixture = await openCarrierFixture({ sizeBytes: SIZE, clock: quickClock })
  const headers = { 'Accept-Ranges': 'none' }
  fixture.fault({
    match: { role: 'cdn' },
    do: { bytesPerSecond: 16 * MIB, ignoreRange: true, headers },
  })
  const spare = createSpare(7)
  await fixture.transfer({ spare })
  await expectWholeFile(fixture)
  expect(spare.most).toBe(0)
  expect(cdnRequests(fixture)).toHaveLength(1)
})

it.each<[string, FaultRule['do']]>([
  ['503', { status: 503 }],
  ['429', { status: 429 }],
  ['a reset', { hangUp: 'reset' }],
  ['a closed connection', { hangUp: 'fin' }],
  ['the whole file', { ignoreRange: true, bytesPerSecond: 4 * MIB }],
])('goes on with one connection when the second is answered with %s (RG19)', async (_, fault) => {
  const sizeBytes = 12 * MIB
  await using fixture = await openCarrierFixture({ sizeBytes, clock: quickClock })
  fixture.fault({ match: { role: 'cdn', nth: 2 }, do: fault })
  fixture.fault({ match: { role: 'cdn' }, do: { bytesPerSecond: 8 * MIB } })
  const spare = createSpare(7)
  await fixture.transfer({ spare })
  await expectWholeFile(fixture)
  expect(spare.most).toBe(1)
  expect(fixture.notices).toEqual([])
  const before = cdnRequests(fixture).length
  expect(before).toBeLessThanOrEqual(3)
  // The host is remembered for the next file.
  const staged = {
    partPath: fixture.dir.join('b.part'),
    journalPath: fixture.dir.join('b.journal'),
  }
  await fixture.transfer({ spare, staged })
  expect(cdnRequests(fixture)).toHaveLength(before + 1)
})

it('halves the connections to a host that answers 429 without a time (H5)', {
  timeout: 30_000,
}, async () => {
  await using fixture = await openCarrierFixture({ sizeBytes: SIZE, clock: quickClock })
  // One, two, four and then eight connections: the fifth request is of the last step.
  fixture.fault({ match: { role: 'cdn', nth: 5 }, do: { status: 429 } })
  fixture.fault({ match: { role: 'cdn' }, do: { bytesPerSecond: 2 * MIB } })
  const spare = createSpare(7)
  await fixture.transfer({ spare })
  await expectWholeFile(fixture)
  expect(spare.most).toBe(7)
  expect(fixture.notices).toEqual([])
  const staged = {
    partPath: fixture.dir.join('b.part'),
    journalPath: fixture.dir.join('b.journal'),
  }
  const later = createSpare(7)
  await fixture.transfer({ spare: later, staged })
  expect(later.most).toBeLessThanOrEqual(3)
})

it('takes the bytes of a connection that stalls, long before the host is given up', async () => {
  await using fixture = await openCarrierFixture({ sizeBytes: SIZE, clock: quickClock })
  fixture.fault({
    match: { role: 'cdn', rangeFromAtLeast: 1, times: 1 },
    do: { stallAt: 100_000 },
  })
  fixture.fault({ match: { role: 'cdn' }, do: { bytesPerSecond: 8 * MIB } })
  const startedAt = performance.now()
  await fixture.transfer({ spare: createSpare(3) })
  await expectWholeFile(fixture)
  expect(performance.now() - startedAt).toBeLessThan(15_000)
})

it('lets the others fetch what a broken connection left', async () => {
  await using fixture = await openCarrierFixture({ sizeBytes: SIZE, clock: quickClock })
  fixture.fault({ match: { role: 'cdn', rangeFromAtLeast: 1, times: 3 }, do: { rstAt: 300_000 } })
  fixture.fault({ match: { role: 'cdn' }, do: { bytesPerSecond: 8 * MIB } })
  await fixture.transfer({ spare: createSpare(3) })
  await expectWholeFile(fixture)
})

it('never splices a file that another connection finds changed', async () => {
  await using fixture = await openCapped(4 * MIB, '"v1"')
  fixture.heal()
  const headers = { ETag: '"v2"' }
  const other = { match: { role: 'cdn', rangeFromAtLeast: 1 }, do: { headers, serveOther: 'x' } }
  fixture.fault(other)
  fixture.fault({ match: { role: 'cdn' }, do: { bytesPerSecond: 4 * MIB } })
  const transfer = fixture.transfer({ spare: createSpare(7) })
  await expect(transfer).rejects.toMatchObject({ code: 'SOURCE_CHANGED' })
  const kept = fixture.progress.at(-1) ?? 0
  const there = await readFile(fixture.staged.partPath)
  expect(there.subarray(0, kept).equals(readBytes(fixture.bytes, 0, kept))).toBe(true)
})

it('gives its borrowed connections back at once, and goes on with its own', async () => {
  await using fixture = await openCapped(8 * MIB)
  const spare = createSpare(3)
  const transfer = fixture.transfer({ spare })
  await until(() => spare.lent === 3)
  spare.recallAll()
  await until(() => spare.lent === 0)
  await transfer
  await expectWholeFile(fixture)
})

it('stops all connections when it is paused, and fetches no recorded byte again', async () => {
  await using fixture = await openCapped()
  const controller = new AbortController()
  const spare = createSpare(7)
  const transfer = fixture.transfer({ spare }, controller.signal)
  transfer.catch(() => {})
  await until(() => spare.lent === 7 && (fixture.progress.at(-1) ?? 0) > 8 * MIB)
  const stop = new StopRequest('pause')
  controller.abort(stop)
  await expect(transfer).rejects.toBe(stop)
  await until(() => cdnRequests(fixture).every(({ end }) => end !== null))
  expect(spare.lent).toBe(0)
  const kept = fixture.progress.at(-1) ?? 0
  const before = bytesSent(fixture)
  fixture.heal()
  await fixture.transfer({ spare: createSpare(0) })
  await expectWholeFile(fixture)
  expect(bytesSent(fixture) - before).toBe(SIZE - kept)
})
