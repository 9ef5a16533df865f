import { existsSync } from 'node:fs'
import {
  cp,
  type FileHandle,
  open,
  readFile,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { manualClock, type TempDir, tempDir } from '@windlass/testkit'
import { afterEach, expect, it, vi } from 'vitest'
import { createTurns } from './create-turns.ts'
import { PartFile, type PartFileOptions } from './part-file.ts'

const BLOCK = 64 * 1024
const BLOCKS = 20
const SIZE = BLOCKS * BLOCK

afterEach(() => {
  vi.restoreAllMocks()
})

function optionsFor(dir: TempDir, changes: Partial<PartFileOptions> = {}) {
  const seen: { received: number; contiguous: number }[] = []
  const options: PartFileOptions = {
    staged: { partPath: dir.join('file.part'), journalPath: dir.join('file.journal') },
    identity: 'this file',
    sizeBytes: SIZE,
    bootId: 'boot',
    clock: manualClock(),
    syncTurn: createTurns(2),
    onBytes: (state) => seen.push(state),
    ...changes,
  }
  return { options, seen }
}

const block = (index: number): Buffer => Buffer.alloc(BLOCK, index + 1)
const writeBlock = (part: PartFile, index: number): Promise<void> =>
  part.write(index * BLOCK, [block(index)], BLOCK)
const hole = (start: number, end: number | null) => ({
  start: start * BLOCK,
  end: end === null ? null : end * BLOCK,
})

it('takes up what it wrote, whatever order it came in', async () => {
  await using dir = await tempDir()
  const { options, seen } = optionsFor(dir)
  const { part } = await PartFile.open(options)
  for (const index of [0, 5, 1, 6]) await writeBlock(part, index)
  await part.close({ durably: false })
  expect(seen.at(-1)).toEqual({ received: 4 * BLOCK, contiguous: 2 * BLOCK })
  const again = await PartFile.open(options)
  expect(again.part.missing()[0]).toEqual(hole(2, 5))
  expect(seen.at(-1)).toEqual({ received: 4 * BLOCK, contiguous: 2 * BLOCK })
  await again.part.close({ durably: false })
})

it('keeps synced bytes over a power cut, and those alone', async () => {
  await using dir = await tempDir()
  const { options } = optionsFor(dir)
  const first = await PartFile.open(options)
  for (const index of [0, 1, 2]) await writeBlock(first.part, index)
  await first.part.close({ durably: true })
  const second = await PartFile.open(options)
  await writeBlock(second.part, 3)
  await second.part.close({ durably: false })
  const { part } = await PartFile.open({ ...options, bootId: 'next boot' })
  expect(part.missing()[0]).toEqual(hole(3, BLOCKS))
  await part.close({ durably: false })
})

it.each([
  ['another identity', { identity: 'another file' }],
  ['another size', { sizeBytes: SIZE + 1 }],
])('drops the bytes of %s for good', async (_, changes) => {
  await using dir = await tempDir()
  const { options } = optionsFor(dir)
  const first = await PartFile.open(options)
  await writeBlock(first.part, 0)
  await first.part.close({ durably: true })
  const other = await PartFile.open({ ...options, ...changes })
  expect(other.part.receivedBytes).toBe(0)
  expect((await readFile(options.staged.partPath)).length).toBe(0)
  // The file is long again, with a hole where the first one's bytes were.
  await writeBlock(other.part, 5)
  await other.part.close({ durably: false })
  const back = await PartFile.open(options)
  expect(back.part.receivedBytes).toBe(0)
  await back.part.close({ durably: false })
})

it('never believes in bytes again that somebody cut off the part file', async () => {
  await using dir = await tempDir()
  const { options } = optionsFor(dir)
  const first = await PartFile.open(options)
  for (const index of [0, 1, 2, 3]) await writeBlock(first.part, index)
  await first.part.close({ durably: true })
  await truncate(options.staged.partPath, 2 * BLOCK)
  const second = await PartFile.open(options)
  expect(second.part.missing()[0]).toEqual(hole(2, BLOCKS))
  // The file is long again, with a hole where the bytes were; then the process is killed.
  await writeBlock(second.part, 10)
  const third = await PartFile.open(options)
  expect(third.part.missing()[0]).toEqual(hole(2, 10))
  await Promise.all([second.part.close({ durably: false }), third.part.close({ durably: false })])
})

it('tells when the part file has disappeared, and begins at 0', async () => {
  await using dir = await tempDir()
  const { options } = optionsFor(dir)
  const first = await PartFile.open(options)
  await writeBlock(first.part, 0)
  await first.part.close({ durably: false })
  await rm(options.staged.partPath)
  const { part, lost } = await PartFile.open(options)
  expect({ lost, received: part.receivedBytes }).toEqual({ lost: true, received: 0 })
  await part.close({ durably: false })
})

it('cuts off what is longer than the file', async () => {
  await using dir = await tempDir()
  const { options } = optionsFor(dir)
  const first = await PartFile.open(options)
  for (let index = 0; index < BLOCKS; index++) await writeBlock(first.part, index)
  await first.part.close({ durably: false })
  await writeFile(options.staged.partPath, 'tail', { flag: 'a' })
  const { part } = await PartFile.open(options)
  expect(part.isComplete).toBe(true)
  await part.confirm()
  await part.close({ durably: false })
})

it('says so when the complete file was taken away under it', async () => {
  await using dir = await tempDir()
  const { options } = optionsFor(dir, { sizeBytes: BLOCK })
  const { part } = await PartFile.open(options)
  await writeBlock(part, 0)
  await rm(options.staged.partPath)
  await expect(part.confirm()).rejects.toMatchObject({ code: 'PARTIAL_LOST' })
  await writeFile(options.staged.partPath, block(0))
  await expect(part.confirm()).rejects.toMatchObject({ code: 'PARTIAL_LOST' })
  await part.close({ durably: false })
})

it('makes no journal for a small file that comes in one go, and one for a small file that is cut', async () => {
  await using dir = await tempDir()
  const { options } = optionsFor(dir, { sizeBytes: 2 * BLOCK })
  const { part } = await PartFile.open(options)
  await writeBlock(part, 0)
  expect(existsSync(options.staged.journalPath)).toBe(false)
  await part.close({ durably: false })
  expect(existsSync(options.staged.journalPath)).toBe(true)
  const again = await PartFile.open(options)
  expect(again.part.missing()[0]).toEqual(hole(1, 2))
  await writeBlock(again.part, 1)
  await again.part.confirm()
  await again.part.close({ durably: false })
})

it('gives up every byte on a restart before others take their place', async () => {
  await using dir = await tempDir()
  const { options, seen } = optionsFor(dir)
  const first = await PartFile.open(options)
  for (const index of [0, 1]) await writeBlock(first.part, index)
  await first.part.close({ durably: true })
  const second = await PartFile.open(options)
  await second.part.restart()
  expect(seen.at(-1)).toEqual({ received: 0, contiguous: 0 })
  const third = await PartFile.open(options)
  expect(third.part.receivedBytes).toBe(0)
  await Promise.all([second.part.close({ durably: false }), third.part.close({ durably: false })])
})

it('refuses to write through a symbolic link', async () => {
  await using dir = await tempDir()
  const { options } = optionsFor(dir)
  await writeFile(dir.join('precious'), 'precious')
  await symlink('precious', options.staged.partPath)
  await expect(PartFile.open(options)).rejects.toMatchObject({ code: 'ELOOP' })
  expect(await readFile(dir.join('precious'), 'utf8')).toBe('precious')
})

/** Every file handle of the process, to make one of their calls fail. */
async function fileHandles(dir: TempDir) {
  const probe = await open(dir.join('probe'), 'w')
  await probe.close()
  return Object.getPrototypeOf(probe)
}
const systemError = (code: string): Error => Object.assign(new Error(code), { code })

it('believes in no unsynced byte after a failed sync, and passes the error on', async () => {
  await using dir = await tempDir()
  const { options, seen } = optionsFor(dir)
  const first = await PartFile.open(options)
  await writeBlock(first.part, 0)
  await first.part.close({ durably: true })
  const second = await PartFile.open(options)
  await writeBlock(second.part, 1)
  vi.spyOn(await fileHandles(dir), 'datasync').mockRejectedValueOnce(systemError('EIO'))
  await expect(second.part.close({ durably: true })).rejects.toMatchObject({ code: 'EIO' })
  expect(seen.slice(-2)).toEqual([
    { received: 0, contiguous: 0 },
    { received: BLOCK, contiguous: BLOCK },
  ])
  const { part } = await PartFile.open(options)
  expect(part.missing()[0]).toEqual(hole(1, BLOCKS))
  await part.close({ durably: false })
})

it.each([
  ['keeps what was written before the disk was full', 'ENOSPC', 2],
  ['keeps what was written before the quota was used up', 'EDQUOT', 2],
  ['goes back to synced bytes when the disk cannot write', 'EIO', 1],
])('%s', async (_, code, kept) => {
  await using dir = await tempDir()
  const { options } = optionsFor(dir)
  const first = await PartFile.open(options)
  await writeBlock(first.part, 0)
  await first.part.close({ durably: true })
  const second = await PartFile.open(options)
  await writeBlock(second.part, 1)
  vi.spyOn(await fileHandles(dir), 'writev').mockRejectedValueOnce(systemError(code))
  await expect(writeBlock(second.part, 2)).rejects.toMatchObject({ code })
  await second.part.close({ durably: false })
  const { part } = await PartFile.open(options)
  expect(part.missing()[0]).toEqual(hole(kept, BLOCKS))
  await part.close({ durably: false })
})

it('counts the bytes of a write that was cut short in the middle', async () => {
  await using dir = await tempDir()
  const { options } = optionsFor(dir)
  const { part } = await PartFile.open(options)
  const handles = await fileHandles(dir)
  const { writev } = handles
  vi.spyOn(handles, 'writev')
    .mockImplementationOnce(function (this: FileHandle, ...[, position]: unknown[]) {
      return writev.call(this, [block(0).subarray(0, 100)], position)
    })
    .mockRejectedValueOnce(systemError('ENOSPC'))
  await expect(writeBlock(part, 0)).rejects.toMatchObject({ code: 'ENOSPC' })
  expect(part.missing()[0]).toEqual({ start: 100, end: SIZE })
  await writeBlock(part, 0)
  expect(part.missing()[0]).toEqual(hole(1, BLOCKS))
  await part.close({ durably: false })
})

it('shares a record between the writes of quick connections, and owes none when they left', async () => {
  await using dir = await tempDir()
  const { options, seen } = optionsFor(dir)
  const recorded = async (): Promise<number> => {
    await cp(dir.path, `${dir.path}-seen`, { recursive: true })
    const staged = {
      partPath: `${dir.path}-seen/file.part`,
      journalPath: `${dir.path}-seen/file.journal`,
    }
    const copy = await PartFile.open({ ...options, staged, onBytes: () => {} })
    const { receivedBytes } = copy.part
    await copy.part.close({ durably: false })
    await rm(`${dir.path}-seen`, { recursive: true })
    return receivedBytes / BLOCK
  }
  const { part } = await PartFile.open(options)
  const leaves = [part.join(), part.join()]
  const records: number[] = []
  for (let index = 0; index < 10; index++) {
    await writeBlock(part, index)
    records.push(await recorded())
  }
  // The first at once, then when two connections have 256 KiB each that no record names.
  expect(records).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 9, 9])
  expect(seen.at(-1)).toEqual({ received: 9 * BLOCK, contiguous: 9 * BLOCK })
  for (const leave of leaves) await leave()
  expect(await recorded()).toBe(10)
  await part.close({ durably: false })
})

it('records what a slow connection wrote at once', async () => {
  await using dir = await tempDir()
  const clock = manualClock()
  const { options, seen } = optionsFor(dir, { clock })
  const { part } = await PartFile.open(options)
  const leave = part.join()
  for (const index of [0, 1, 2]) {
    await clock.advance(100)
    await writeBlock(part, index)
    expect(seen.at(-1)?.received).toBe((index + 1) * BLOCK)
  }
  await leave()
  await part.close({ durably: false })
})
