import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { createRandomBytes, digestBytes, readBytes, tempDir } from '@windlass/testkit'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createHashing } from './create-hashing.ts'
import type { Hashing } from './hasher.ts'

const MIB = 1024 * 1024
const LARGE = 20 * MIB + 11
const signal = new AbortController().signal

let hashing: Hashing
beforeEach(() => {
  hashing = createHashing()
})
afterEach(() => hashing.close())

const bytesOf = (seed: string, sizeBytes: number): Buffer =>
  readBytes(createRandomBytes(seed, sizeBytes))
const digestsOf = (seed: string, sizeBytes: number) =>
  digestBytes(createRandomBytes(seed, sizeBytes))

it.each([
  ['empty', 0],
  ['small', 1000],
  ['of exactly 1 MiB', MIB],
  ['large', LARGE],
])('gives both digests of a file that is %s', async (_, sizeBytes) => {
  await using dir = await tempDir()
  const path = dir.join('file')
  await writeFile(path, bytesOf('a', sizeBytes))
  const sha256 = hashing.open(path, 'sha256', sizeBytes)
  const gitSha1 = hashing.open(path, 'git-sha1', sizeBytes)
  const hexes = await Promise.all([
    sha256.finish(sizeBytes, { signal }),
    gitSha1.finish(sizeBytes, { signal }),
  ])
  const expected = await digestsOf('a', sizeBytes)
  expect(hexes).toEqual([expected.sha256, expected.gitSha1])
})

it('follows a file that does not exist yet and grows', async () => {
  await using dir = await tempDir()
  const path = dir.join('file')
  const hasher = hashing.open(path, 'sha256', LARGE)
  hasher.advance(0)
  const content = bytesOf('a', LARGE)
  for (let end = 0; end < LARGE; end += 3 * MIB) {
    await appendFile(path, content.subarray(end, end + 3 * MIB))
    hasher.advance(Math.min(end + 3 * MIB, LARGE))
  }
  expect(await hasher.finish(LARGE, { signal })).toBe((await digestsOf('a', LARGE)).sha256)
})

it('never reads beyond the bytes that are complete', async () => {
  await using dir = await tempDir()
  const path = dir.join('file')
  await writeFile(path, Buffer.alloc(LARGE))
  const content = bytesOf('a', LARGE)
  await writeFile(path, content.subarray(0, 8 * MIB), { flag: 'r+' })
  const hasher = hashing.open(path, 'sha256', LARGE)
  hasher.advance(8 * MIB)
  // Another file that is hashed to its end proves that the first one had its turns.
  const other = hashing.open(path, 'git-sha1', 8 * MIB)
  await other.finish(8 * MIB, { signal })
  await writeFile(path, content, { flag: 'r+' })
  expect(await hasher.finish(LARGE, { signal })).toBe((await digestsOf('a', LARGE)).sha256)
})

it('hashes the file that has the name at the end, not one that had it before', async () => {
  await using dir = await tempDir()
  const path = dir.join('file')
  await writeFile(path, bytesOf('right', LARGE))
  const hasher = hashing.open(path, 'sha256', LARGE)
  hasher.advance(12 * MIB)
  // Another file that is hashed to its end proves that the first one had its turns.
  await hashing.open(path, 'git-sha1', 12 * MIB).finish(12 * MIB, { signal })
  await writeFile(dir.join('other'), bytesOf('wrong', LARGE))
  await rename(dir.join('other'), path)
  expect(await hasher.finish(LARGE, { signal })).toBe((await digestsOf('wrong', LARGE)).sha256)
})

it('begins anew when less is complete than was said before', async () => {
  await using dir = await tempDir()
  const path = dir.join('file')
  await writeFile(path, bytesOf('wrong', LARGE))
  const hasher = hashing.open(path, 'sha256', LARGE)
  hasher.advance(12 * MIB)
  await hashing.open(path, 'git-sha1', 12 * MIB).finish(12 * MIB, { signal })
  await writeFile(path, bytesOf('right', LARGE), { flag: 'r+' })
  hasher.advance(5 * MIB)
  expect(await hasher.finish(LARGE, { signal })).toBe((await digestsOf('right', LARGE)).sha256)
})

it('begins anew at 0, with whatever file has the name by then', async () => {
  await using dir = await tempDir()
  const path = dir.join('file')
  await writeFile(path, bytesOf('wrong', LARGE))
  const hasher = hashing.open(path, 'sha256', LARGE)
  hasher.advance(12 * MIB)
  await writeFile(dir.join('other'), bytesOf('right', LARGE))
  await rename(dir.join('other'), path)
  hasher.advance(0)
  hasher.advance(8 * MIB)
  expect(await hasher.finish(LARGE, { signal })).toBe((await digestsOf('right', LARGE)).sha256)
})

it('hashes exactly the size that is asked for, whatever was announced', async () => {
  await using dir = await tempDir()
  const path = dir.join('file')
  await writeFile(path, bytesOf('a', LARGE))
  for (const announced of [2 * MIB, LARGE + 5 * MIB]) {
    const hasher = hashing.open(path, 'git-sha1', announced)
    expect(await hasher.finish(LARGE, { signal })).toBe((await digestsOf('a', LARGE)).gitSha1)
    hasher.dispose()
  }
})

it('tells how far it is to whoever asks', async () => {
  await using dir = await tempDir()
  const path = dir.join('file')
  const sizeBytes = 40 * MIB
  await writeFile(path, '')
  await truncate(path, sizeBytes)
  const told: number[] = []
  const hasher = hashing.open(path, 'sha256', sizeBytes)
  await hasher.finish(sizeBytes, { signal, onProgress: (bytes) => told.push(bytes) })
  expect(told).toEqual([16 * MIB, 32 * MIB])
})

it('serves many files in turn, so that a small one does not wait for a large one', async () => {
  await using dir = await tempDir()
  const large = 200 * MIB
  const small = 2 * MIB
  await writeFile(dir.join('large'), '')
  await truncate(dir.join('large'), large)
  await writeFile(dir.join('small'), bytesOf('small', small))
  const done: string[] = []
  await Promise.all([
    hashing
      .open(dir.join('large'), 'sha256', large)
      .finish(large, { signal })
      .then(() => done.push('large')),
    hashing
      .open(dir.join('small'), 'sha256', small)
      .finish(small, { signal })
      .then(() => done.push('small')),
  ])
  expect(done).toEqual(['small', 'large'])
})

it.each([500, LARGE])(
  'says that a file of %i bytes is shorter than it should be',
  async (sizeBytes) => {
    await using dir = await tempDir()
    const path = dir.join('file')
    await writeFile(path, Buffer.alloc(sizeBytes - 1))
    const hasher = hashing.open(path, 'sha256', sizeBytes)
    await expect(hasher.finish(sizeBytes, { signal })).rejects.toMatchObject({
      code: 'PARTIAL_LOST',
    })
  },
)

it.each([500, LARGE])('passes the errors of reading %i bytes on as they are', async (sizeBytes) => {
  await using dir = await tempDir()
  const hasher = hashing.open(dir.join('missing'), 'sha256', sizeBytes)
  await expect(hasher.finish(sizeBytes, { signal })).rejects.toMatchObject({
    code: 'ENOENT',
    path: dir.join('missing'),
  })
  const folder = hashing.open(dir.path, 'sha256', sizeBytes)
  await expect(folder.finish(sizeBytes, { signal })).rejects.toMatchObject({ code: 'EISDIR' })
})

it('stops waiting with the reason it was given, and can still finish', async () => {
  await using dir = await tempDir()
  const path = dir.join('file')
  await writeFile(path, bytesOf('a', LARGE))
  const hasher = hashing.open(path, 'sha256', LARGE)
  const controller = new AbortController()
  const finishing = hasher.finish(LARGE, { signal: controller.signal })
  const reason = new Error('stop')
  controller.abort(reason)
  await expect(finishing).rejects.toBe(reason)
  await expect(hasher.finish(LARGE, { signal: controller.signal })).rejects.toBe(reason)
  expect(await hasher.finish(LARGE, { signal })).toBe((await digestsOf('a', LARGE)).sha256)
  hasher.dispose()
  hasher.dispose()
})

it('fails what waits when it is closed', async () => {
  await using dir = await tempDir()
  const path = dir.join('file')
  await writeFile(path, '')
  await truncate(path, 4096 * MIB)
  const hasher = hashing.open(path, 'sha256', 4096 * MIB)
  const outcome = expect(hasher.finish(4096 * MIB, { signal })).rejects.toMatchObject({
    code: 'WORKER_LOST',
  })
  await hashing.close()
  await outcome
  await rm(path)
})

it('does not keep the process alive while nobody waits', async () => {
  await using dir = await tempDir()
  await writeFile(dir.join('file'), Buffer.alloc(8 * MIB))
  const script = `
    const { createHashing } = await import(${JSON.stringify(new URL('./create-hashing.ts', import.meta.url).href)})
    const hasher = createHashing().open(${JSON.stringify(dir.join('file'))}, 'sha256', ${8 * MIB})
    hasher.advance(${4 * MIB})
    console.log(await hasher.finish(${8 * MIB}, { signal: new AbortController().signal }))
  `
  const child = spawn(
    process.execPath,
    ['--conditions=windlass-source', '--input-type=module', '--eval', script],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let output = ''
  child.stdout.on('data', (text) => {
    output += text
  })
  const [code] = await once(child, 'close')
  expect({ code, output: output.trim() }).toEqual({
    code: 0,
    output: '2daeb1f36095b44b318410b3f4e8b5d989dcc7bb023d1426c492dab0a3053e74',
  })
})
