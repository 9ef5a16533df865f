import type { KyselyPlugin } from 'kysely'
import { expect, it, onTestFinished } from 'vitest'
import { EventRepository, type NewEvent } from './event-repository.ts'
import { openDatabase } from './open-database.ts'

it('writes many events in few statements, numbered in their order', async () => {
  const database = await openDatabase(':memory:')
  onTestFinished(() => database.destroy())
  let statements = 0
  const counting: KyselyPlugin = {
    transformQuery({ node }) {
      statements++
      return node
    },
    transformResult: async ({ result }) => result,
  }
  const events = Array.from({ length: 450 }, (_, at): NewEvent => {
    const data = { id: 'a', path: `file-${at}`, sizeBytes: at, present: false }
    return { type: 'download.file-completed', downloadId: 'a', data }
  })
  const repository = new EventRepository(database)
  const logged = await repository.append(database.withPlugin(counting), events, 7)
  expect(statements).toBeLessThanOrEqual(3)
  expect(logged.map(({ seq }) => seq)).toEqual(events.map((_, at) => at + 1))
  expect(await repository.after(0, 1000)).toEqual(logged)
  expect(logged.map(({ data }) => data)).toEqual(events.map(({ data }) => data))
})
