import { readdir, readFile, writeFile } from 'node:fs/promises'
import { tempDir } from '@windlass/testkit'
import { expect, it } from 'vitest'
import { DirectorySyncs } from './directory-syncs.ts'
import { durableRename, syncDirectory } from './durable-rename.ts'

it('puts a file under its final name in place of what was there', async () => {
  await using dir = await tempDir()
  await writeFile(dir.join('a.part'), 'new')
  await writeFile(dir.join('a'), 'old')
  await durableRename(dir.join('a.part'), dir.join('a'))
  expect(await readFile(dir.join('a'), 'utf8')).toBe('new')
  expect(await readdir(dir.path)).toEqual(['a'])
})

it('reports a folder that is not there', async () => {
  await using dir = await tempDir()
  await expect(syncDirectory(dir.join('none'))).rejects.toMatchObject({ code: 'ENOENT' })
  await expect(new DirectorySyncs().sync(dir.join('none'))).rejects.toMatchObject({
    code: 'ENOENT',
  })
})

it('shares one fsync among all who came while another was running', async () => {
  await using dir = await tempDir()
  const syncs = new DirectorySyncs()
  const first = syncs.sync(dir.path)
  const second = syncs.sync(dir.path)
  expect(syncs.sync(dir.path)).toBe(second)
  expect(second).not.toBe(first)
  await Promise.all([first, second])
  expect(syncs.sync(dir.path)).not.toBe(second)
})

it('does not give the failure of one fsync to those who wait for the next', async () => {
  await using dir = await tempDir()
  const syncs = new DirectorySyncs()
  const path = dir.join('late')
  const first = syncs.sync(path)
  const second = syncs.sync(path)
  await expect(first).rejects.toMatchObject({ code: 'ENOENT' })
  await expect(second).rejects.toMatchObject({ code: 'ENOENT' })
  await writeFile(path, '')
  await syncs.sync(path)
})
