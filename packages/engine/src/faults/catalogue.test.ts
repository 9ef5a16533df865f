import { readdir, readFile } from 'node:fs/promises'
import { ERROR_CODES } from '@windlass/contract'
import { describe, expect, it } from 'vitest'

/* docs/faults.md says what happens in each fault, and where that is tested: here it is held to it. */

const ROOT = new URL('../../../../', import.meta.url)
/** How many faults each group of the catalogue has; they are numbered from 1. */
const GROUPS = { C: 12, L: 5, H: 20, RG: 22, B: 20, X: 11, S: 9, D: 28, P: 15 }
const UNTESTED = 'no test'

interface Row {
  readonly id: string
  readonly files: readonly string[]
  readonly outcome: string
}

async function readRows(): Promise<readonly Row[]> {
  const page = await readFile(new URL('docs/faults.md', ROOT), 'utf8')
  const lines = page.matchAll(/^\| ([A-Z]+\d+) \| ([^|]+) \| ([^|]+) \|$/gm)
  return [...lines].map(([, id = '', where = '', outcome = '']) => ({
    id,
    files: where === UNTESTED ? [] : where.split(', ').map(pathOf),
    outcome,
  }))
}

/** As the page says how it names files. */
function pathOf(name: string): string {
  if (/^(?:e2e|packages)\//.test(name)) return `${name}.test.ts`
  const isElsewhere = name.includes('/') || name === 'changing-edges'
  return `packages/engine/src/${isElsewhere ? '' : 'faults/'}${name}.test.ts`
}

/** What the file does; what its comments say proves nothing. */
async function codeOf(path: string): Promise<string> {
  const text = await readFile(new URL(path, ROOT), 'utf8')
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
}

/** An id that begins a name, or that a table gives to one. */
const namesOf = (code: string): readonly string[] =>
  [...code.matchAll(/(?:id: '|['"`](?:\w+ )?)([A-Z]{1,2}\d+)(?='|:)/g)].map(([, id = '']) => id)

const rows = await readRows()

it('has every fault of the catalogue, each once and in order', () => {
  const ids = Object.entries(GROUPS).flatMap(([group, count]) =>
    Array.from({ length: count }, (_, at) => `${group}${at + 1}`),
  )
  expect(rows.map(({ id }) => id)).toEqual(ids)
})

describe.each(rows.filter(({ files }) => files.length > 0))('$id', ({ id, files, outcome }) => {
  it.each(files)('is tested by its name in %s', async (file) => {
    expect(namesOf(await codeOf(file))).toContain(id)
  })

  it('is asked for the codes that the page names', async () => {
    const tests = (await Promise.all(files.map(codeOf))).join('\n')
    const codes = [...outcome.matchAll(/`([A-Z0-9_]+)`/g)].map(([, code = '']) => code)
    expect(codes.filter((code) => !(code in ERROR_CODES))).toEqual([])
    expect(codes.filter((code) => !tests.includes(code))).toEqual([])
  })
})

it('leaves out no fault that has a test', async () => {
  const folder = new URL('packages/engine/src/faults/', ROOT)
  const tests = (await readdir(folder)).filter((name) => name.endsWith('.test.ts'))
  for (const name of tests) {
    const here = `packages/engine/src/faults/${name}`
    const missing = new Set(namesOf(await codeOf(here)))
    for (const { id, files } of rows) if (files.includes(here)) missing.delete(id)
    expect(
      [...missing].filter((id) => rows.some((row) => row.id === id)),
      name,
    ).toEqual([])
  }
})
