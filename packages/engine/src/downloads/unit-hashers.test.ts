import { writeFile } from 'node:fs/promises'
import { createRandomBytes, digestBytes, readBytes, tempDir } from '@windlass/testkit'
import { expect, it } from 'vitest'
import { createHashing } from '../verification/create-hashing.ts'
import { UnitHashers } from './unit-hashers.ts'

const MIB = 1024 * 1024
const SIZE = 9 * MIB
const signal = new AbortController().signal

it('keeps what was hashed over the attempts at a unit, until its bytes are given up', async () => {
  await using dir = await tempDir()
  const hashing = createHashing()
  try {
    const hashers = new UnitHashers(hashing)
    const staged = { partPath: dir.join('part'), journalPath: dir.join('journal') }
    const { sha256: hex } = await digestBytes(createRandomBytes('a', SIZE))
    const digest = { algorithm: 'sha256', hex } as const
    const file = { path: 'f', sizeBytes: SIZE, digest, validator: null }
    const unit = { key: hex, file, paths: ['f'] }
    await writeFile(staged.partPath, readBytes(createRandomBytes('a', SIZE)))
    const first = hashers.of(unit, staged)
    first.advance(8 * MIB)
    // Another file that is hashed to its end proves that the first one had its turns.
    await hashing.open(staged.partPath, 'sha256', 8 * MIB).finish(8 * MIB, { signal })
    // Nobody looks at the first bytes again: they were hashed when they came.
    await writeFile(staged.partPath, Buffer.alloc(8 * MIB), { flag: 'r+' })
    expect(hashers.of(unit, staged)).toBe(first)
    expect(await hashers.of(unit, staged).finish(SIZE, { signal })).toBe(hex)
    hashers.drop(unit)
    expect(await hashers.of(unit, staged).finish(SIZE, { signal })).not.toBe(hex)
    hashers.disposeAll()
  } finally {
    await hashing.close()
  }
})

it.each([SIZE, 1000])(
  'computes SHA-256 where nobody told digest or size: %i bytes',
  async (sizeBytes) => {
    await using dir = await tempDir()
    const hashing = createHashing()
    try {
      const hashers = new UnitHashers(hashing)
      const staged = { partPath: dir.join('part'), journalPath: dir.join('journal') }
      const bytes = createRandomBytes('a', sizeBytes)
      await writeFile(staged.partPath, readBytes(bytes))
      const file = { path: 'f', sizeBytes: null, digest: null, validator: null }
      const hasher = hashers.of({ key: 'f', file, paths: ['f'] }, staged)
      hasher.advance(sizeBytes)
      expect(await hasher.finish(sizeBytes, { signal })).toBe((await digestBytes(bytes)).sha256)
      hashers.disposeAll()
    } finally {
      await hashing.close()
    }
  },
)
