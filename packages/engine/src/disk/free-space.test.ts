import { mkdir } from 'node:fs/promises'
import { tempDir } from '@windlass/testkit'
import { expect, it } from 'vitest'
import { freeSpace } from './free-space.ts'

it('tells that two folders share a volume, and how much this user may write', async () => {
  await using dir = await tempDir()
  await mkdir(dir.join('child'))
  const [parent, child] = await Promise.all([freeSpace(dir.path), freeSpace(dir.join('child'))])
  expect(parent.volume).toBe(child.volume)
  expect(parent.availableBytes).toBeGreaterThan(0)
  expect(Number.isSafeInteger(parent.availableBytes)).toBe(true)
})

it('tells two volumes apart', async (context) => {
  if (process.platform !== 'linux') context.skip('/proc is a volume of its own on Linux only')
  await using dir = await tempDir()
  expect((await freeSpace('/proc')).volume).not.toBe((await freeSpace(dir.path)).volume)
})
