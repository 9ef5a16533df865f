import type { MoveTarget } from '@windlass/contract'
import { tempDir } from '@windlass/testkit'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { DownloadRepository } from '../database/download-repository.ts'
import { EventRepository } from '../database/event-repository.ts'
import { openDatabase } from '../database/open-database.ts'
import { QueueRepository } from '../database/queue-repository.ts'
import { SettingRepository } from '../database/setting-repository.ts'
import { EventBus } from './event-bus.ts'
import { Ledger } from './ledger.ts'
import { statesThatAllow } from './state-table.ts'
import { newDraft } from './testing/new-draft.ts'

async function openQueue(file: string) {
  const database = await openDatabase(file)
  const downloads = new DownloadRepository(database)
  const queue = new QueueRepository(database, statesThatAllow('move'))
  const events = new EventRepository(database)
  const settings = new SettingRepository(database)
  const bus = new EventBus({ onListenerError: (error) => Promise.reject(error) })
  const ledger = new Ledger({ database, downloads, queue, events, settings, bus, now: () => 1 })
  return {
    ledger,
    queue,
    async order(): Promise<string[]> {
      const records = await downloads.list({ states: ['queued'], limit: 100 })
      const places = await queue.places(records.map((record) => record.id))
      for (const record of records) expect(await queue.place(record)).toBe(places.get(record.id))
      return [...places].sort(([, a], [, b]) => a - b).map(([id]) => id)
    },
    [Symbol.asyncDispose]: () => database.destroy(),
  }
}

const IDS = ['a', 'b', 'c', 'd', 'e', 'f']
const id = fc.constantFrom(...IDS)
const target: fc.Arbitrary<MoveTarget> = fc.oneof(
  fc.record({ to: fc.constantFrom('first' as const, 'last' as const) }),
  fc.record({ before: id }),
  fc.record({ priority: fc.integer({ min: -2, max: 2 }) }),
)

interface Entry {
  readonly id: string
  priority: number
}

/** The queue as a person thinks of it: a list, in which the priority never rises. */
function moveInList(list: Entry[], movedId: string, to: MoveTarget): Entry[] {
  const entry = list.find((each) => each.id === movedId)
  if (entry === undefined) throw new TypeError(movedId)
  const others = list.filter((each) => each !== entry)
  if ('priority' in to) {
    // Among its equals the order is the one before: the test compares sets of them.
    return [...others, { ...entry, priority: to.priority }].sort((a, b) => b.priority - a.priority)
  }
  const end = 'to' in to && to.to === 'first' ? 0 : others.length
  const place = 'before' in to ? others.findIndex((each) => each.id === to.before) : end
  if (place === -1) return list
  if (list.indexOf(entry) === place) return list
  const neighbour = 'to' in to && to.to === 'last' ? others.at(-1) : others[place]
  return others.toSpliced(place, 0, { ...entry, priority: neighbour?.priority ?? entry.priority })
}

it('keeps the order that moves give it, over restarts, however many there are', {
  timeout: 30_000,
}, async () => {
  await using dir = await tempDir()
  let run = 0
  const story = fc.array(fc.tuple(id, target), { minLength: 1, maxLength: 40 })
  await fc.assert(
    fc.asyncProperty(story, async (moves) => {
      const file = dir.join(`queue-${run++}.db`)
      let list: Entry[] = IDS.map((each) => ({ id: each, priority: 0 }))
      {
        await using open = await openQueue(file)
        for (const each of IDS) await open.ledger.create(newDraft(each))
        for (const [movedId, to] of moves) {
          await open.ledger.reposition(movedId, to)
          const order = await open.order()
          if ('priority' in to) {
            list = moveInList(list, movedId, to)
            const priorityOf = new Map(list.map((entry) => [entry.id, entry.priority]))
            list = order.map((each) => ({ id: each, priority: priorityOf.get(each) ?? NaN }))
            const priorities = list.map(({ priority }) => priority)
            expect(priorities).toEqual(priorities.toSorted((a, b) => b - a))
          } else {
            list = moveInList(list, movedId, to)
            expect(order).toEqual(list.map((entry) => entry.id))
          }
        }
      }
      await using again = await openQueue(file)
      expect(await again.order()).toEqual(list.map((entry) => entry.id))
    }),
    { numRuns: 60 },
  )
})

it('finds room between two neighbours for ever', async () => {
  await using dir = await tempDir()
  await using open = await openQueue(dir.join('queue.db'))
  for (const each of ['x', 'y', 'z']) await open.ledger.create(newDraft(each))
  for (let n = 0; n < 60; n++) {
    const [, middle = '', last = ''] = await open.order()
    await open.ledger.reposition(last, { before: middle })
    expect((await open.order())[1]).toBe(last)
  }
})

it('stands directly before the other one and nobody else', async () => {
  await using dir = await tempDir()
  await using open = await openQueue(dir.join('queue.db'))
  await open.ledger.create(newDraft('low', { priority: -3 }))
  await open.ledger.create(newDraft('high', { priority: 9 }))
  await open.ledger.create(newDraft('new', { priority: -5 }))
  expect(await open.ledger.reposition('new', { before: 'low' })).toMatchObject({ priority: -3 })
  expect(await open.order()).toEqual(['high', 'new', 'low'])
  expect(await open.ledger.reposition('low', { to: 'first' })).toMatchObject({ priority: 9 })
  expect(await open.order()).toEqual(['low', 'high', 'new'])
})

it('refuses what has no place in the queue, on either side', async () => {
  await using dir = await tempDir()
  await using open = await openQueue(dir.join('queue.db'))
  await open.ledger.create(newDraft('a'))
  await open.ledger.create(newDraft('gone', { state: 'cancelled' }))
  const refused = { code: 'INVALID_STATE' }
  await expect(open.ledger.reposition('gone', { to: 'first' })).rejects.toMatchObject(refused)
  await expect(open.ledger.reposition('a', { before: 'gone' })).rejects.toMatchObject(refused)
  await expect(open.ledger.reposition('a', { before: 'nobody' })).rejects.toMatchObject({
    code: 'DOWNLOAD_NOT_FOUND',
  })
})
