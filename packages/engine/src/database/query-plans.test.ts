import { DatabaseSync } from 'node:sqlite'
import { tempDir } from '@windlass/testkit'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { openDatabase } from './open-database.ts'

let raw: DatabaseSync
beforeEach(async () => {
  const dir = await tempDir()
  await (await openDatabase(dir.join('windlass.db'))).destroy()
  raw = new DatabaseSync(dir.join('windlass.db'))
  onTestFinished(async () => {
    raw.close()
    await dir.remove()
  })
})

/** What SQLite would do, as it says it. */
function planOf(query: string): string {
  const steps = raw.prepare(`explain query plan ${query}`).all()
  return steps.map((step) => String(step['detail'])).join('; ')
}

describe('with ten thousand downloads', () => {
  it.each([
    ['a page of the list', 'select * from download order by position desc limit 101'],
    [
      'a page of one state',
      "select * from download where state in ('queued') order by position desc limit 101",
    ],
    [
      'the next page of one state',
      "select * from download where state in ('queued') and position < 5 order by position desc limit 101",
    ],
    ['what is to be cleaned up', 'select * from download where cleanup_pending = 1'],
    ['a job', "select * from download where job_key = 'x' order by created_at desc limit 1"],
    ['how many wait', "select count(*) from download where state in ('queued')"],
  ])('%s is read by an index, without sorting the rest', (_name, query) => {
    const plan = planOf(query)
    expect(plan).toContain('USING')
    expect(plan).toContain('INDEX')
    expect(plan).not.toContain('TEMP B-TREE')
  })
})
