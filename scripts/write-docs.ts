import { mkdirSync, writeFileSync } from 'node:fs'
import { PAGES } from './docs/pages.ts'

/** Writes the pages of docs/ that come from tables in the code: `npm run docs`. */
const folder = new URL('../docs/', import.meta.url)
mkdirSync(folder, { recursive: true })
for (const [name, write] of Object.entries(PAGES)) {
  writeFileSync(new URL(name, folder), await write())
}
