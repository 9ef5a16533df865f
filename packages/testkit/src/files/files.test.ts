import { access, mkdir, rename, symlink, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { listTree, sha256File, treeHash } from './file-hashes.ts'
import { tempDir } from './temp-dir.ts'

const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

test('a temporary directory is there within its scope and gone after it', async () => {
  let path: string
  {
    await using dir = await tempDir()
    path = dir.path
    await writeFile(dir.join('file'), 'x')
    await access(path)
  }
  await expect(access(path)).rejects.toMatchObject({ code: 'ENOENT' })
})

test('a file has the hash of its content', async () => {
  await using dir = await tempDir()
  await writeFile(dir.join('empty'), '')
  expect(await sha256File(dir.join('empty'))).toBe(EMPTY_SHA256)
})

test('a tree is its names, contents and links', async () => {
  await using dir = await tempDir()
  await mkdir(dir.join('sub'))
  await writeFile(dir.join('sub/b'), '')
  await symlink('sub/b', dir.join('a'))
  expect([...(await listTree(dir.path))]).toEqual([
    ['a', '-> sub/b'],
    ['sub/b', EMPTY_SHA256],
  ])
})

test('a tree hash changes with a name, a content and a link, and with nothing else', async () => {
  await using dir = await tempDir()
  await writeFile(dir.join('a'), '1')
  const first = await treeHash(dir.path)
  await writeFile(dir.join('a'), '1')
  expect(await treeHash(dir.path)).toBe(first)
  await writeFile(dir.join('a'), '2')
  const second = await treeHash(dir.path)
  await rename(dir.join('a'), dir.join('b'))
  const third = await treeHash(dir.path)
  await symlink('b', dir.join('c'))
  expect(new Set([first, second, third, await treeHash(dir.path)]).size).toBe(4)
})
