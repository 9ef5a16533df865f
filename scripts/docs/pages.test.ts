import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { PAGES } from './pages.ts'

it.each(Object.entries(PAGES))(
  'docs/%s says what the code says (npm run docs)',
  async (name, write) => {
    const url = new URL(`../../docs/${name}`, import.meta.url)
    expect(await readFile(url, 'utf8')).toBe(await write())
  },
)
