import { expect, it } from 'vitest'
import { selectFiles } from './select-files.ts'

const FILES = ['a.json', 'b.bin', 'data/c.json', 'data/deep/d.bin', '.gitattributes'].map(
  (path) => ({ path }),
)
const paths = (selection: Parameters<typeof selectFiles>[1]) =>
  selectFiles(FILES, selection).map(({ path }) => path)

it('keeps everything, in order, when nothing is said', () => {
  expect(paths({})).toEqual(FILES.map(({ path }) => path))
  expect(paths({ include: undefined, exclude: [] })).toEqual(FILES.map(({ path }) => path))
})

it('keeps nothing when the list of what to include is empty', () => {
  expect(paths({ include: [] })).toEqual([])
})

it('keeps what one of several patterns names, less what is excluded', () => {
  expect(paths({ include: ['*.json', 'b.*'] })).toEqual(['a.json', 'b.bin', 'data/c.json'])
  expect(paths({ exclude: ['data/*', '.*'] })).toEqual(['a.json', 'b.bin'])
  expect(paths({ include: ['*.bin'], exclude: ['*'] })).toEqual([])
})

it('takes a folder by a slash at the end, and reads a backslash as a slash', () => {
  expect(paths({ include: ['data/'] })).toEqual(['data/c.json', 'data/deep/d.bin'])
  expect(paths({ include: ['data\\deep\\'] })).toEqual(['data/deep/d.bin'])
  expect(paths({ include: ['data'] })).toEqual([])
  expect(selectFiles([{ path: 'a\\b' }], { include: ['a/b'] })).toHaveLength(1)
})
