import { expect, it } from 'vitest'
import { HubCacheLayout, linkTarget } from './layout.ts'

const layout = new HubCacheLayout('/c', { repoType: 'model', repoId: 'Org/Name.x_1' })
const SHA1 = 'a'.repeat(40)

it('names folders as the Python client does', () => {
  expect(layout.repo).toBe('/c/models--Org--Name.x_1')
  expect(layout.lock(SHA1)).toBe(`/c/.locks/models--Org--Name.x_1/${SHA1}.lock`)
  expect(layout.file(SHA1, 'sub/a b#%.bin')).toBe(
    `/c/models--Org--Name.x_1/snapshots/${SHA1}/sub/a b#%.bin`,
  )
  expect(layout.ref('refs/pr/1')).toBe('/c/models--Org--Name.x_1/refs/refs/pr/1')
  expect(new HubCacheLayout('/c', { repoType: 'dataset', repoId: 'gpt2' }).repo).toBe(
    '/c/datasets--gpt2',
  )
})

it('adds one step up for each folder', () => {
  expect(linkTarget('a.json', SHA1)).toBe(`../../blobs/${SHA1}`)
  expect(linkTarget('x/y/a.json', SHA1)).toBe(`../../../../blobs/${SHA1}`)
})

it.each(['../x', 'A'.repeat(40), 'a'.repeat(41), `${SHA1}\n`, '', '/etc/passwd'])(
  'lets no digest or commit %j near the disk',
  (name) => {
    expect(() => layout.blob(name)).toThrow(expect.objectContaining({ code: 'HTTP_PROTOCOL' }))
    expect(() => layout.lock(name)).toThrow(expect.objectContaining({ code: 'HTTP_PROTOCOL' }))
    expect(() => layout.tree(name)).toThrow(expect.objectContaining({ code: 'HTTP_PROTOCOL' }))
    expect(() => linkTarget('a', name)).toThrow(expect.objectContaining({ code: 'HTTP_PROTOCOL' }))
  },
)

it.each(['../a', 'a/../../b', '/a', 'a//b', '', '.', 'a\0b', '..\\..\\x', 'C:evil'])(
  'refuses the path %j in a snapshot and as a ref',
  (path) => {
    expect(() => layout.file(SHA1, path)).toThrow(expect.objectContaining({ code: 'NAME_INVALID' }))
    expect(() => layout.ref(path)).toThrow(expect.objectContaining({ code: 'NAME_INVALID' }))
  },
)

it.each(['..', '../x', 'a/b/c', 'a--b/c', '.hidden/x', 'a/..', '/x', 'a/', 'a b/c'])(
  'refuses the repository %j',
  (repoId) => {
    expect(() => new HubCacheLayout('/c', { repoType: 'model', repoId })).toThrow(
      expect.objectContaining({ code: 'REF_INVALID' }),
    )
  },
)

it.each(['../../x', '', 'a/b', '.'])('refuses %j as the name of a staging folder', (id) => {
  expect(() => layout.staging(id)).toThrow(TypeError)
})
