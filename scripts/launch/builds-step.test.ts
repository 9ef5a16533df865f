import { afterEach, beforeEach, expect, it } from 'vitest'
import { FakeCheckout } from './fake-checkout.ts'

const BUILD = `
import fs from 'node:fs'
const page = fs.readFileSync('src/page.tsx', 'utf8')
if (page === 'broken') { console.error('page.tsx: unexpected token'); process.exit(2) }
fs.rmSync('dist', { recursive: true, force: true })
fs.mkdirSync('dist')
fs.writeFileSync('dist/page.js', page)
`

let checkout: FakeCheckout
beforeEach(async () => {
  checkout = await FakeCheckout.create({
    workspaces: {
      contract: {},
      web: { devDependencies: { contract: '1.0.0' }, scripts: { build: 'node build.mjs' } },
    },
  })
  await checkout.write('packages/web/build.mjs', BUILD)
  await checkout.write('packages/web/src/page.tsx', 'one')
  await checkout.write('packages/contract/src/index.ts', 'export {}')
  await checkout.launch(['cli'])
})
afterEach(() => checkout.remove())

const BUILDING = 'windlass: Building the web interface'

it('builds once', async () => {
  expect(await checkout.read('packages/web/dist/page.js')).toBe('one')
  expect((await checkout.launch(['cli'])).stderr).toBe('')
})

it('builds again when its own sources changed', async () => {
  await checkout.write('packages/web/src/page.tsx', 'two')
  expect((await checkout.launch(['cli'])).stderr).toContain(BUILDING)
  expect(await checkout.read('packages/web/dist/page.js')).toBe('two')
})

it('builds again when a package that it is made of changed, and only then', async () => {
  await checkout.write('packages/cli/src/other.ts', 'export {}')
  expect((await checkout.launch(['cli'])).stderr).toBe('')
  await checkout.write('packages/contract/src/index.ts', 'export const changed = true')
  expect((await checkout.launch(['cli'])).stderr).toContain(BUILDING)
})

it('shows why a build failed, and builds again at the next start', async () => {
  await checkout.write('packages/web/src/page.tsx', 'broken')
  const { code, stdout, stderr } = await checkout.launch(['cli'])
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toContain('page.tsx: unexpected token')
  expect(stderr).toContain('Could not build the web interface')
  await checkout.write('packages/web/src/page.tsx', 'one')
  expect((await checkout.launch(['cli'])).stderr).toContain(BUILDING)
})
