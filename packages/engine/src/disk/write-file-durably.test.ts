import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { tempDir } from '@windlass/testkit'
import { expect, it } from 'vitest'
import { writeFileDurably } from './write-file-durably.ts'

it('replaces the file and leaves nothing else behind', async () => {
  await using dir = await tempDir()
  await writeFile(dir.join('a'), 'old')
  await writeFileDurably(dir.join('a'), 'new', { mode: 0o640 })
  expect(await readFile(dir.join('a'), 'utf8')).toBe('new')
  expect((await stat(dir.join('a'))).mode & 0o777).toBe(0o640)
  expect(await readdir(dir.path)).toEqual(['a'])
})

it('replaces a link, and not what it points to', async () => {
  await using dir = await tempDir()
  await writeFile(dir.join('target'), 'untouched')
  await symlink('target', dir.join('link'))
  await writeFileDurably(dir.join('link'), 'new')
  expect(await readFile(dir.join('target'), 'utf8')).toBe('untouched')
})

it('removes the temporary file when the rename fails', async () => {
  await using dir = await tempDir()
  await mkdir(dir.join('folder', 'child'), { recursive: true })
  await expect(writeFileDurably(dir.join('folder'), 'new')).rejects.toMatchObject({
    code: 'EISDIR',
  })
  expect(await readdir(dir.path)).toEqual(['folder'])
})

it('starts over when an earlier try left its temporary file', async () => {
  await using dir = await tempDir()
  await writeFile(dir.join('t'), 'half of something longer')
  await writeFileDurably(dir.join('a'), 'new', { temporaryPath: dir.join('t') })
  expect(await readFile(dir.join('a'), 'utf8')).toBe('new')
  expect(await readdir(dir.path)).toEqual(['a'])
})
