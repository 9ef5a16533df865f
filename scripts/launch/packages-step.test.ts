import { rm } from 'node:fs/promises'
import { afterEach, expect, it } from 'vitest'
import { FakeCheckout, type FakeCheckoutOptions } from './fake-checkout.ts'

const opened: FakeCheckout[] = []
afterEach(() => Promise.all(opened.splice(0).map((checkout) => checkout.remove())))

async function createCheckout(options?: FakeCheckoutOptions) {
  const checkout = await FakeCheckout.create(options)
  opened.push(checkout)
  return checkout
}

const INSTALLING = 'windlass: Installing the packages'
const NOT_ON_DISK = {
  locked: { 'left-out': { version: '1.0.0', integrity: `sha512-${'A'.repeat(86)}==` } },
}

it('installs the packages at the first start and is silent at the second', async () => {
  const checkout = await createCheckout()
  const first = await checkout.launch(['test', '--project', 'unit'])
  expect(first).toMatchObject({ code: 0, stdout: 'run --project unit\n' })
  expect(first.stderr).toContain(INSTALLING)
  expect(first.stderr.trim().split('\n')).toHaveLength(1)
  const second = await checkout.launch(['test'])
  expect(second).toEqual({ code: 0, stdout: 'run\n', stderr: '' })
})

it('installs again when the lock file changed or node_modules has gone', async () => {
  const checkout = await createCheckout()
  await checkout.launch(['test'])
  await checkout.write('package-lock.json', `${await checkout.read('package-lock.json')}\n`)
  expect((await checkout.launch(['test'])).stderr).toContain(INSTALLING)
  await rm(checkout.path('node_modules'), { recursive: true })
  expect((await checkout.launch(['test'])).stderr).toContain(INSTALLING)
})

it('says what to do when the network is missing, and tries again at the next start', async () => {
  const checkout = await createCheckout(NOT_ON_DISK)
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const { code, stdout, stderr } = await checkout.launch(['cli', 'ls'])
    expect(code).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toContain(INSTALLING)
    expect(stderr).toContain('npm cannot reach its registry (ECONNREFUSED)')
    expect(stderr).toContain('npm config set proxy')
    expect(stderr).toContain('run the same command again')
    expect(stderr).not.toMatch(/^\s+at /m)
  }
})

it('installs the tools of development even where the environment says production', async () => {
  const checkout = await createCheckout()
  const env = { NODE_ENV: 'production', npm_config_omit: 'dev', npm_config_dry_run: 'true' }
  expect(await checkout.launch(['test'], { env })).toMatchObject({ code: 0, stdout: 'run\n' })
})

it('lets one of two launchers install and the other wait for it', async () => {
  const checkout = await createCheckout()
  const results = await Promise.all([
    checkout.launch(['test', 'a']),
    checkout.launch(['test', 'b']),
  ])
  expect(results.map(({ code, stdout }) => [code, stdout])).toEqual([
    [0, 'run a\n'],
    [0, 'run b\n'],
  ])
  const said = results.map(({ stderr }) => stderr).join('')
  expect(said.split(INSTALLING)).toHaveLength(2)
})
