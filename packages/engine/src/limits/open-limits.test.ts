import type { Limits, WindlassEvent } from '@windlass/contract'
import { type ManualClock, manualClock, tempDir } from '@windlass/testkit'
import { expect, it } from 'vitest'
import { DownloadRepository } from '../database/download-repository.ts'
import { EventRepository } from '../database/event-repository.ts'
import { openDatabase } from '../database/open-database.ts'
import { QueueRepository } from '../database/queue-repository.ts'
import { SettingRepository } from '../database/setting-repository.ts'
import { ConnectionBudget } from '../downloads/connection-budget.ts'
import { ConnectionLimits } from '../downloads/connection-limits.ts'
import { EventBus } from '../downloads/event-bus.ts'
import { Ledger } from '../downloads/ledger.ts'
import { createBandwidth } from '../net/bandwidth/create-bandwidth.ts'
import { HostConnections } from '../net/host-connections.ts'
import { openLimits } from './open-limits.ts'

const BASE: Limits = {
  maxActive: 3,
  maxQueued: 100,
  connections: 8,
  connectionsPerHost: null,
  limitRate: 50_000,
  perSource: { huggingface: 40_000 },
  perHost: {},
  perDownload: null,
  schedule: [],
  temporary: null,
}
const MONDAY_NOON = Date.parse('2026-11-02T12:00:00Z')

async function openHere(file: string, clock: ManualClock, base: Limits = BASE) {
  const database = await openDatabase(file)
  const downloads = new DownloadRepository(database)
  const events = new EventRepository(database)
  const settings = new SettingRepository(database)
  const queue = new QueueRepository(database, [])
  const seen: WindlassEvent[] = []
  const bus = new EventBus({ onListenerError: (error) => Promise.reject(error) })
  bus.subscribe((event) => seen.push(event))
  const now = (): number => clock.now()
  const ledger = new Ledger({ database, downloads, queue, events, settings, bus, now })
  const bandwidth = createBandwidth(clock)
  const connections = new ConnectionLimits(base.connections)
  const limits = await openLimits(base, {
    bandwidth,
    connections,
    hosts: new HostConnections(),
    ledger,
    settings,
    clock,
    timeZone: () => 'Europe/Berlin',
    log: { warn: (_facts, message) => expect.fail(message) },
  })
  return {
    limits,
    bandwidth,
    connections,
    seen,
    settled: () => ledger.settled(),
    async [Symbol.asyncDispose]() {
      limits.close()
      await ledger.settled()
      await database.destroy()
    },
  }
}

it('keeps what was changed over a restart, and lets go of it when told to', async () => {
  await using dir = await tempDir()
  const clock = manualClock(MONDAY_NOON)
  {
    await using open = await openHere(dir.join('a.db'), clock)
    const { bandwidth, limits, seen } = open
    expect(bandwidth.limits).toMatchObject({
      limitRate: 50_000,
      perSource: { huggingface: 40_000 },
    })
    await limits.change({ maxActive: 5, limitRate: null, perSource: { http: 9_000 } })
    await limits.change({ perSource: { huggingface: null }, perHost: { 'a.example': 7_000 } })
    expect(bandwidth.limits).toEqual({
      limitRate: null,
      perSource: { http: 9_000 },
      perHost: { 'a.example': 7_000 },
      perDownload: null,
    })
    expect(seen.map(({ type }) => type)).toEqual(['limits.changed', 'limits.changed'])
  }
  // The settings changed in the meantime: what nobody touched follows them.
  await using open = await openHere(dir.join('a.db'), clock, {
    ...BASE,
    maxActive: 2,
    maxQueued: 7,
  })
  expect(open.limits.current()).toMatchObject({
    limits: { maxActive: 5, maxQueued: 7, limitRate: null, perSource: { http: 9_000 } },
    changed: ['maxActive', 'limitRate', 'perSource', 'perHost'],
  })
  expect(open.bandwidth.limits).toMatchObject({ limitRate: null, perHost: { 'a.example': 7_000 } })
  await open.limits.change({ reset: ['maxActive', 'limitRate'] })
  expect(open.limits.current()).toMatchObject({
    limits: { maxActive: 2, limitRate: 50_000 },
    changed: ['perSource', 'perHost'],
  })
})

it('goes by the schedule, tells each change and until when it holds', async () => {
  await using dir = await tempDir()
  const clock = manualClock(MONDAY_NOON)
  await using open = await openHere(dir.join('a.db'), clock)
  const days = ['mon', 'tue', 'wed', 'thu', 'fri'] as const
  const night = { days: [...days], from: '22:00', to: '06:00', limitRate: null }
  const current = await open.limits.change({ schedule: [night] })
  // 22:00 in Berlin.
  const begins = Date.parse('2026-11-02T21:00:00Z')
  expect(current.rate).toEqual({ limitRate: 50_000, by: 'limitRate', until: begins })
  clock.jumpTo(begins - 2_000)
  await clock.advance(1_000)
  expect(open.bandwidth.limits.limitRate).toBe(50_000)
  await clock.advance(2_000)
  await open.settled()
  expect(open.bandwidth.limits.limitRate).toBeNull()
  const ends = Date.parse('2026-11-03T05:00:00Z')
  expect(open.limits.current().rate).toEqual({ limitRate: null, by: 'schedule', until: ends })
  clock.jumpTo(ends)
  await clock.advance(1_000)
  await open.settled()
  expect(open.bandwidth.limits.limitRate).toBe(50_000)
  expect(open.seen.map((event) => event.type === 'limits.changed' && event.data.rate.by)).toEqual([
    'limitRate',
    'schedule',
    'limitRate',
  ])
})

it('is slow for an hour, over a restart in between, and then as before', async () => {
  await using dir = await tempDir()
  const clock = manualClock(MONDAY_NOON)
  const until = MONDAY_NOON + 3_600_000
  {
    await using open = await openHere(dir.join('a.db'), clock)
    await open.limits.change({ temporary: { limitRate: 2_000, seconds: 3_600 } })
    expect(open.bandwidth.limits.limitRate).toBe(2_000)
  }
  clock.jumpTo(until - 1_000)
  await using open = await openHere(dir.join('a.db'), clock)
  expect(open.limits.current().rate).toEqual({ limitRate: 2_000, by: 'temporary', until })
  await clock.advance(2_000)
  await open.settled()
  expect(open.bandwidth.limits.limitRate).toBe(50_000)
  expect(open.limits.current()).toMatchObject({ limits: { temporary: null }, changed: [] })
})

it('changes nothing when one of the changes makes no sense', async () => {
  await using dir = await tempDir()
  await using open = await openHere(dir.join('a.db'), manualClock(MONDAY_NOON))
  await expect(open.limits.change({ maxActive: 9, limitRate: 12 })).rejects.toMatchObject({
    code: 'BAD_REQUEST',
    message: expect.stringContaining('limitRate'),
  })
  expect(open.limits.current().changed).toEqual([])
  expect(open.seen).toEqual([])
})

it('loses none of two changes at once', async () => {
  await using dir = await tempDir()
  await using open = await openHere(dir.join('a.db'), manualClock(MONDAY_NOON))
  await Promise.all([
    open.limits.change({ perHost: { a: 5_000 } }),
    open.limits.change({ perHost: { b: 6_000 } }),
  ])
  expect(open.limits.current().limits.perHost).toEqual({ a: 5_000, b: 6_000 })
})

it('gives a download at work more connections, or takes back what it lent', async () => {
  await using dir = await tempDir()
  await using open = await openHere(dir.join('a.db'), manualClock(MONDAY_NOON))
  const free = new ConnectionBudget(open.connections.limitFor(null))
  const own = new ConnectionBudget(open.connections.limitFor(2))
  let grown = 0
  open.connections.follow({ budget: free, own: null, onGrow: () => grown++ })
  open.connections.follow({ budget: own, own: 2, onGrow: () => grown++ })
  await open.limits.change({ connections: 12 })
  expect([free.limit, own.limit, grown]).toEqual([12, 2, 1])
  const loan = free.borrow()
  await open.limits.change({ connections: 1 })
  expect([free.limit, own.limit, grown]).toEqual([1, 1, 1])
  expect(loan?.recalled.aborted).toBe(false)
  await free.enter({ signal: AbortSignal.timeout(0) }).catch(() => undefined)
  expect(loan?.recalled.aborted).toBe(true)
})
