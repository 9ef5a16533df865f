import { join } from 'node:path'
import type { WindlassEvent } from '@windlass/contract'
import { tempDir } from '@windlass/testkit'
import { expect, it } from 'vitest'
import { DownloadRepository } from '../database/download-repository.ts'
import { EventRepository } from '../database/event-repository.ts'
import { openDatabase } from '../database/open-database.ts'
import { QueueRepository } from '../database/queue-repository.ts'
import { SettingRepository } from '../database/setting-repository.ts'
import { EventBus } from './event-bus.ts'
import { Ledger } from './ledger.ts'
import { openEventLog } from './open-event-log.ts'
import { statesThatAllow } from './state-table.ts'
import { newDraft } from './testing/new-draft.ts'

async function openLedger() {
  const dir = await tempDir()
  const database = await openDatabase(join(dir.path, 'windlass.db'))
  const downloads = new DownloadRepository(database)
  const queue = new QueueRepository(database, statesThatAllow('move'))
  const events = new EventRepository(database)
  const settings = new SettingRepository(database)
  const seen: WindlassEvent[] = []
  const bus = new EventBus({
    onListenerError: (error) => {
      throw error
    },
  })
  bus.subscribe((event) => seen.push(event))
  const ledger = new Ledger({ database, downloads, queue, events, settings, bus, now: () => 1_000 })
  const log = await openEventLog(events, bus, (error) => {
    throw error
  })
  return {
    downloads,
    queue,
    events,
    ledger,
    seen,
    log,
    async [Symbol.asyncDispose]() {
      await database.destroy()
      await dir[Symbol.asyncDispose]()
    },
  }
}

it('announces a change only when it is durable, with its place in the log', async () => {
  await using open = await openLedger()
  const { ledger, downloads, seen, log } = open
  await ledger.create(newDraft('a'))
  await ledger.move('a', 'start', { patch: { fence: 1 } })
  expect(seen.map(({ seq, type }) => [seq, type])).toEqual([
    [1, 'download.created'],
    [2, 'download.state-changed'],
  ])
  expect(await downloads.find('a')).toMatchObject({ state: 'resolving', fence: 1 })
  expect(log.lastSeq()).toBe(2)
  expect((await log.since(1, 10))?.map((event) => event.seq)).toEqual([2])
})

it('refuses an illegal trigger and leaves no trace of it', async () => {
  await using open = await openLedger()
  const { ledger, downloads, seen } = open
  await ledger.create(newDraft('a'))
  await expect(ledger.move('a', 'verified')).rejects.toMatchObject({ code: 'INVALID_STATE' })
  expect(await downloads.find('a')).toMatchObject({ state: 'queued' })
  expect(seen).toHaveLength(1)
})

it('lets one of two rivals win', async () => {
  await using open = await openLedger()
  const { ledger } = open
  await ledger.create(newDraft('a'))
  const outcomes = await Promise.allSettled([
    ledger.move('a', 'start'),
    ledger.move('a', 'start'),
    ledger.move('a', 'start'),
  ])
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
})

it('refuses a writer whose claim is lost', async () => {
  await using open = await openLedger()
  const { ledger } = open
  await ledger.create(newDraft('a'))
  await ledger.move('a', 'start', { patch: { fence: 2 } })
  await expect(ledger.move('a', 'resolved', { fence: 1 })).rejects.toMatchObject({
    code: 'INVALID_STATE',
  })
  await expect(ledger.move('a', 'resolved', { fence: 2 })).resolves.toMatchObject({
    state: 'downloading',
  })
})

it('starts interrupted downloads first, then by priority, then in order of arrival', async () => {
  await using open = await openLedger()
  const { ledger, queue } = open
  await ledger.create(newDraft('first'))
  await ledger.create(newDraft('urgent', { priority: 5 }))
  await ledger.create(newDraft('cut-off', { interrupted: true, priority: -5 }))
  const order: string[] = []
  for (let next = await queue.next(); next !== null; next = await queue.next()) {
    order.push(next.id)
    await ledger.move(next.id, 'start')
  }
  expect(order).toEqual(['cut-off', 'urgent', 'first'])
})

it('clears the reason of the state it leaves', async () => {
  await using open = await openLedger()
  const { ledger } = open
  await ledger.create(newDraft('a'))
  await ledger.move('a', 'start')
  const reason = { code: 'NET_RESET', cause: 'network', message: 'x', retryAt: 5 } as const
  expect(await ledger.move('a', 'backOff', { patch: { reason, retryAt: 5 } })).toMatchObject({
    reason,
  })
  expect(await ledger.move('a', 'wake')).toMatchObject({ reason: null, retryAt: null })
})

it('numbers on after the log was emptied, and tells a reader who missed too much', async () => {
  await using open = await openLedger()
  const { ledger, events, log } = open
  for (const id of ['a', 'b', 'c']) await ledger.create(newDraft(id))
  await events.prune(1)
  expect(await log.since(0, 10)).toBeNull()
  expect((await log.since(2, 10))?.map((event) => event.seq)).toEqual([3])
  expect(await log.since(99, 10)).toBeNull()
  await events.prune(0)
  await ledger.create(newDraft('d'))
  expect(await log.since(3, 10)).toHaveLength(1)
})

it('finds downloads by text without reading patterns into it', async () => {
  await using open = await openLedger()
  const { ledger, downloads } = open
  await ledger.create(newDraft('100%'))
  await ledger.create(newDraft('other'))
  const found = await downloads.list({ text: '0%', limit: 10 })
  expect(found.map(({ id }) => id)).toEqual(['100%'])
})
