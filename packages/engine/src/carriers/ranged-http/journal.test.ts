import { open, readFile, symlink, truncate, writeFile } from 'node:fs/promises'
import { tempDir } from '@windlass/testkit'
import { assert, expect, it } from 'vitest'
import { Journal } from './journal.ts'
import { decodeSlot, type JournalRecord, SLOT_BYTES } from './journal-record.ts'

const claiming = (end: number): JournalRecord => ({
  identity: 'id',
  sizeBytes: 100,
  bootId: 'boot',
  ranges: [{ start: 0, end }],
})

async function openJournal(path: string, create = true): Promise<Journal> {
  const journal = await Journal.open(path, { create })
  assert(journal !== null, 'there is a journal')
  return journal
}

async function foundIn(path: string): Promise<Journal['found']> {
  const journal = await openJournal(path, false)
  await journal.close()
  return journal.found
}

it('is allocated as a whole when it is made, and never grows', async () => {
  await using dir = await tempDir()
  const path = dir.join('a.journal')
  const journal = await openJournal(path)
  const before = (await readFile(path)).length
  expect(before).toBe(4 * SLOT_BYTES)
  for (let end = 1; end < 10; end++) await journal.write('written', claiming(end))
  await journal.close()
  expect((await readFile(path)).length).toBe(before)
})

it('finds the newest record of each kind', async () => {
  await using dir = await tempDir()
  const path = dir.join('a.journal')
  const journal = await openJournal(path)
  for (const end of [1, 2, 3]) await journal.write('written', claiming(end))
  await journal.write('durable', claiming(1))
  await journal.close()
  expect(await foundIn(path)).toEqual({ written: claiming(3), durable: claiming(1) })
})

it('goes on in the older slot after it was opened again', async () => {
  await using dir = await tempDir()
  const path = dir.join('a.journal')
  for (const [index, end] of [1, 2, 3].entries()) {
    const journal = await openJournal(path)
    await journal.write('written', claiming(end))
    await journal.close()
    expect((await foundIn(path)).written).toEqual(claiming(end))
    expect(decodeSlot((await readFile(path)).subarray((index % 2) * SLOT_BYTES))?.record).toEqual(
      claiming(end),
    )
  }
})

it('falls back to the record before when the newest is torn', async () => {
  await using dir = await tempDir()
  const path = dir.join('a.journal')
  const journal = await openJournal(path)
  for (const end of [1, 2]) await journal.write('written', claiming(end))
  await journal.close()
  const file = await open(path, 'r+')
  await file.write(Buffer.alloc(10, 255), 0, 10, SLOT_BYTES + 30)
  await file.close()
  expect((await foundIn(path)).written).toEqual(claiming(1))
})

it('says nothing after it was erased', async () => {
  await using dir = await tempDir()
  const path = dir.join('a.journal')
  const journal = await openJournal(path)
  for (const end of [1, 2]) await journal.write('written', claiming(end))
  await journal.write('durable', claiming(2))
  await journal.erase()
  await journal.close()
  expect(await foundIn(path)).toEqual({ written: null, durable: null })
})

it('takes a journal that was cut short or that is nonsense for an empty one', async () => {
  await using dir = await tempDir()
  const path = dir.join('a.journal')
  await writeFile(path, Buffer.alloc(50_000, 'nonsense'))
  expect(await foundIn(path)).toEqual({ written: null, durable: null })
  await truncate(path, 10)
  const journal = await openJournal(path)
  await journal.write('durable', claiming(5))
  await journal.close()
  expect((await foundIn(path)).durable).toEqual(claiming(5))
})

it('is null when there is none and none is wanted, and refuses a symbolic link', async () => {
  await using dir = await tempDir()
  const path = dir.join('a.journal')
  expect(await Journal.open(path, { create: false })).toBeNull()
  await writeFile(dir.join('elsewhere'), 'precious')
  await symlink('elsewhere', path)
  await expect(Journal.open(path, { create: true })).rejects.toMatchObject({ code: 'ELOOP' })
  expect(await readFile(dir.join('elsewhere'), 'utf8')).toBe('precious')
})
