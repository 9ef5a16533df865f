import { mkdir, stat } from 'node:fs/promises'
import { relative } from 'node:path'
import { tempDir } from '@windlass/testkit'
import { expect, it, vi } from 'vitest'
import { makeFoldersDurably } from './make-folders-durably.ts'

const synced = vi.hoisted((): string[] => [])
vi.mock('./durable-rename.ts', () => ({
  syncDirectory: async (path: string) => void synced.push(path),
}))

it('syncs each folder that holds a new one, and no other', async () => {
  await using dir = await tempDir()
  await mkdir(dir.join('there'))
  synced.length = 0
  await makeFoldersDurably(dir.join('there', 'a', 'b', 'c'), { mode: 0o700 })
  expect(synced.map((path) => relative(dir.path, path))).toEqual(['there/a/b', 'there/a', 'there'])
  expect((await stat(dir.join('there', 'a', 'b', 'c'))).mode & 0o777).toBe(0o700)
})

it('has nothing to sync when the folder is there', async () => {
  await using dir = await tempDir()
  synced.length = 0
  await makeFoldersDurably(dir.path)
  expect(synced).toEqual([])
})
