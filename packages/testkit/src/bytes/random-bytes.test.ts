import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { digestBytes, gitBlobSha1, sha256OfRandomBytes } from './digests.ts'
import { createRandomBytes } from './random-bytes.ts'
import { bytesInMemory, readBytes, withFlippedBit } from './virtual-bytes.ts'

const GIB = 1024 ** 3

test('any range is the same bytes as that part of the whole', () => {
  const bytes = createRandomBytes('seed', 700_000)
  const whole = readBytes(bytes)
  expect(whole.length).toBe(700_000)
  const spans = [
    [0, 1],
    [1, 17],
    [15, 16],
    [16, 48],
    [262_143, 262_145],
    [5, 699_999],
  ] as const
  for (const [start, end] of spans) {
    expect(readBytes(bytes, start, end).equals(whole.subarray(start, end))).toBe(true)
  }
})

test('the bytes are those of AES-256-CTR and stay so', () => {
  // head -c 16 /dev/zero | openssl enc -aes-256-ctr -K $(printf windlass | sha256sum) -iv 0
  expect(readBytes(createRandomBytes('windlass', 16)).toString('hex')).toBe(
    'b2a8f6110833fa3a290f419921f02604',
  )
})

test('a range far into a huge content costs no more than one at its start', () => {
  const bytes = createRandomBytes('huge', 500 * GIB)
  const startedAt = performance.now()
  const there = readBytes(bytes, 400 * GIB + 3, 400 * GIB + 1003)
  expect(there.length).toBe(1000)
  expect(performance.now() - startedAt).toBeLessThan(1000)
  expect(there.equals(readBytes(bytes, 3, 1003))).toBe(false)
})

test('no two blocks of the content are alike', () => {
  const whole = readBytes(createRandomBytes('unique', 1024 * 1024))
  const blocks = new Set<string>()
  for (let at = 0; at < whole.length; at += 16) blocks.add(whole.toString('hex', at, at + 16))
  expect(blocks.size).toBe(65_536)
})

test('other seeds give other bytes, a smaller size is a prefix', () => {
  const whole = readBytes(createRandomBytes('a', 1000))
  expect(readBytes(createRandomBytes('b', 1000)).equals(whole)).toBe(false)
  expect(readBytes(createRandomBytes('a', 10)).equals(whole.subarray(0, 10))).toBe(true)
})

test('a range past the end is clamped and one behind it is empty', () => {
  const bytes = createRandomBytes('a', 10)
  expect(readBytes(bytes, 8, 20).length).toBe(2)
  expect(readBytes(bytes, 10, 20).length).toBe(0)
})

test('digests are those of the content', async () => {
  const bytes = createRandomBytes('digests', 300_000)
  const sha256 = createHash('sha256').update(readBytes(bytes)).digest('hex')
  expect((await digestBytes(bytes)).sha256).toBe(sha256)
  expect(await sha256OfRandomBytes({ seed: 'digests', sizeBytes: 300_000 })).toBe(sha256)
  expect((await digestBytes(bytes)).gitSha1).toBe(gitBlobSha1(readBytes(bytes)))
})

test('a blob has the name that git gives it', () => {
  // `printf 'hello\n' | git hash-object --stdin`
  expect(gitBlobSha1('hello\n')).toBe('ce013625030ba8dba906f756967f9e9ca394464a')
})

test('a flipped bit changes one byte wherever the range begins', () => {
  const bytes = bytesInMemory('abcdef')
  const flipped = withFlippedBit(bytes, 3)
  expect(readBytes(flipped).toString()).toBe('abceef')
  expect(readBytes(flipped, 3, 4).toString()).toBe('e')
  expect(readBytes(flipped, 4, 6).toString()).toBe('ef')
  expect(readBytes(bytes).toString()).toBe('abcdef')
})
