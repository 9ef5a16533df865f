import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { ended, FakeCheckout } from './fake-checkout.ts'
import { type FakeRegistry, integrityOf, openFakeRegistry } from './fake-registry.ts'

const NAME = 'fake-node'
const VERSION = '99.1.0'
const PLATFORM = `${process.platform}-${process.arch}`

/** A package whose program says that it is Node 99 and is otherwise this very Node. */
async function packFakeNode(says: string): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'windlass-fake-node-'))
  const program = `#!/bin/sh
[ "$1" = --version ] && echo ${says} && exit
FAKE_RUNTIME=yes exec '${process.execPath}' "$@"
`
  await mkdir(join(folder, 'package/bin'), { recursive: true })
  await writeFile(
    join(folder, 'package/package.json'),
    JSON.stringify({ name: NAME, version: VERSION }),
  )
  await writeFile(join(folder, 'package/bin/node'), program, { mode: 0o755 })
  await promisify(execFile)('tar', ['-czf', 'package.tgz', 'package'], { cwd: folder })
  const tarball = await readFile(join(folder, 'package.tgz'))
  await rm(folder, { recursive: true })
  return tarball
}

let good: Buffer
let liar: Buffer
beforeAll(async () => {
  good = await packFakeNode(`v${VERSION}`)
  liar = await packFakeNode('v98.0.0')
})

let checkout: FakeCheckout
const registries: FakeRegistry[] = []
beforeEach(async () => {
  checkout = await FakeCheckout.create({ floor: '99' })
  await pin(integrityOf(good))
  await checkout.write(
    'packages/cli/src/main.ts',
    'console.log(process.env["FAKE_RUNTIME"] ?? "installed Node", process.argv.slice(2).join(" "))',
  )
})
afterEach(async () => {
  await Promise.all(registries.splice(0).map((registry) => registry.close()))
  await checkout.remove()
})

async function pin(integrity: string) {
  await checkout.writeJson('scripts/launch/runtime-packages.json', {
    [PLATFORM]: { name: NAME, version: VERSION, integrity, binary: 'bin/node' },
  })
}

async function serve(tarball: Buffer | null) {
  const registry = await openFakeRegistry(NAME, VERSION, tarball)
  registries.push(registry)
  return { registry, env: { npm_config_registry: registry.url } }
}

const FETCHING = `fetching Node ${VERSION}`

it('brings a runtime of its own when the installed one is too old, once', async () => {
  const { env } = await serve(good)
  const first = await checkout.launch(['cli', 'ls'], { env })
  expect(first).toMatchObject({ code: 0, stdout: 'yes ls\n' })
  expect(first.stderr).toContain(FETCHING)
  expect(await readdir(checkout.path('.runtime'))).toEqual(['compile-cache', `${NAME}-${VERSION}`])
  expect(await checkout.launch(['cli', 'ls'])).toEqual({ code: 0, stdout: 'yes ls\n', stderr: '' })
})

it('refuses a package with another checksum than the pinned one', async () => {
  await pin(integrityOf(Buffer.from('something else')))
  const { env } = await serve(good)
  const { code, stderr } = await checkout.launch(['cli', 'ls'], { env })
  expect(code).toBe(1)
  expect(stderr).toContain('its checksum differs')
  expect(await readdir(checkout.path('.runtime'))).toEqual([])
})

it('refuses a program that does not run as the pinned version', async () => {
  await pin(integrityOf(liar))
  const { env } = await serve(liar)
  const { code, stderr } = await checkout.launch(['cli', 'ls'], { env })
  expect(code).toBe(1)
  expect(stderr).toContain('Install Node 99 or newer yourself')
  expect(await readdir(checkout.path('.runtime'))).toEqual([])
})

it('says what to do where npm has no runtime for the platform', async () => {
  await checkout.writeJson('scripts/launch/runtime-packages.json', {})
  const { code, stderr } = await checkout.launch(['cli', 'ls'])
  expect(code).toBe(1)
  expect(stderr).toContain('Install Node 99 or newer yourself')
})

it('says what to do when the network is missing', async () => {
  const { code, stdout, stderr } = await checkout.launch(['cli', 'ls'])
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toContain(`Could not fetch Node ${VERSION}: npm cannot reach its registry`)
  expect(stderr).not.toMatch(/^\s+at /m)
})

it.each([
  ['SIGTERM', 143],
  ['SIGKILL', null],
] as const)('goes on after a %s in the middle of the set-up', async (signal, exitCode) => {
  const { registry, env } = await serve(null)
  const child = checkout.start('node', ['scripts/launch.mjs', 'cli', 'ls'], { env, detached: true })
  const end = ended(child)
  await registry.asked
  child.kill(signal)
  if (signal === 'SIGKILL') {
    await once(child, 'exit')
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  }
  expect((await end).code).toBe(exitCode)
  await expect(access(checkout.path(`.runtime/${NAME}-${VERSION}`))).rejects.toThrow('ENOENT')
  const answering = await serve(good)
  const again = await checkout.launch(['cli', 'ls'], { env: answering.env })
  expect(again).toMatchObject({ code: 0, stdout: 'yes ls\n' })
  expect(again.stderr).not.toContain('waiting for it')
})
