import { chmod, lstat, mkdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { tempDir } from '@windlass/testkit'
import { expect, it } from 'vitest'
import { openStore, type PullCase, pull, pullCase } from './testing/pull-case.ts'

const REPO = 'models--org--name'
const XET = 'e1'.padEnd(64, '0')

it('does not link into the shared store where links are not wanted', async () => {
  await using dir = await tempDir()
  const shared = pullCase({ 'model.bin': { content: 'weights', lfs: true, xetHash: XET } })
  await plantSharedPayload(dir.path, 'weights')
  const store = openStore(dir.path, { symlinks: false })
  expect(await store.survey(shared.placement, shared.units)).toEqual(new Set())
})

it('links a payload of the shared store instead of fetching it, and never touches it', async () => {
  await using dir = await tempDir()
  const shared = pullCase({ 'model.bin': { content: 'weights', lfs: true, xetHash: XET } })
  const payload = await plantSharedPayload(dir.path, 'weights')
  const before = await stat(payload)
  const store = openStore(dir.path)
  expect(await store.survey(shared.placement, shared.units)).toEqual(new Set(keysOf(shared)))
  const steps: string[] = []
  await pull(store, shared, 'd1', async (step) => void steps.push(step))
  expect(steps).toEqual(['open', 'adopted', 'finish'])
  const [key] = keysOf(shared)
  expect(await readlink(dir.join(REPO, 'blobs', key ?? ''))).toBe(`../../blobs/e1/${XET}`)
  expect(await readFile(`${payload}.refs`, 'utf8')).toBe(`${REPO}/blobs/${key}\n`)
  const after = await stat(payload)
  expect([after.ino, after.mode, after.mtimeMs]).toEqual([before.ino, before.mode, before.mtimeMs])
  expect(await store.isComplete(shared.placement, shared.units)).toBe(true)
})

it.each([
  ['of another size', 'weight', '1\n'],
  ['in a store of an unknown layout', 'weights', '2\n'],
])('does not use a shared payload %s', async (_, content, marker) => {
  await using dir = await tempDir()
  const shared = pullCase({ 'model.bin': { content: 'weights', lfs: true, xetHash: XET } })
  await plantSharedPayload(dir.path, content, marker)
  expect(await openStore(dir.path).survey(shared.placement, shared.units)).toEqual(new Set())
})

it('replaces a link into the shared store, and not its payload, when that is damaged', async () => {
  await using dir = await tempDir()
  const shared = pullCase({ 'model.bin': { content: 'weights', lfs: true, xetHash: XET } })
  const payload = await plantSharedPayload(dir.path, 'damaged!')
  const [key] = keysOf(shared)
  const blob = dir.join(REPO, 'blobs', key ?? '')
  await mkdir(dirname(blob), { recursive: true })
  await symlink(`../../blobs/e1/${XET}`, blob)
  await pull(openStore(dir.path), shared)
  expect((await lstat(blob)).isFile()).toBe(true)
  expect(await readFile(payload, 'utf8')).toBe('damaged!')
  expect((await stat(payload)).mode & 0o777).toBe(0o444)
})

async function plantSharedPayload(cache: string, content: string, marker = '1\n'): Promise<string> {
  const payload = join(cache, 'blobs/e1', XET)
  await mkdir(dirname(payload), { recursive: true })
  await writeFile(join(cache, 'blobs/.huggingface-shared-blobs'), marker)
  await writeFile(payload, content)
  await chmod(payload, 0o444)
  return payload
}

function keysOf(pulled: PullCase): readonly string[] {
  return pulled.units.map((unit) => unit.key)
}
