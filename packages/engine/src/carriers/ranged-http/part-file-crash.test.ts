import { readFileSync, statSync } from 'node:fs'
import { type FileHandle, open, writeFile } from 'node:fs/promises'
import { manualClock, type TempDir, tempDir } from '@windlass/testkit'
import fc from 'fast-check'
import { afterEach, expect, it, vi } from 'vitest'
import { createTurns } from './create-turns.ts'
import { SLOT_BYTES } from './journal-record.ts'
import { PartFile, type PartFileOptions } from './part-file.ts'

/*
 * A crash may come after any call to the file system, and in the middle of one. What is on
 * disk then: after a kill, all that was written, the last write perhaps in part; after a
 * power cut, all that was synced, and of each page of the journal that was written since
 * any of its contents, or a bit of two. The content of every block is known, so a claim
 * that is not true is seen.
 */

/** Small, so that many stories are told; a file of unknown size is recorded however small it is. */
const BLOCK = 512
const BLOCKS = 8
const SIZE = BLOCKS * BLOCK
const JOURNAL_PAGES = 4
const block = (index: number): Buffer => Buffer.alloc(BLOCK, index + 1)

afterEach(() => {
  vi.restoreAllMocks()
})

type Step =
  | { readonly do: 'write'; readonly index: number }
  | { readonly do: 'sync' | 'reopen' | 'restart' | 'reboot' }
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.nat(BLOCKS - 1).map((index) => ({ do: 'write' as const, index })) },
  { weight: 3, arbitrary: fc.constant({ do: 'sync' as const }) },
  { weight: 2, arbitrary: fc.constant({ do: 'reopen' as const }) },
  { weight: 1, arbitrary: fc.constantFrom({ do: 'restart' as const }, { do: 'reboot' as const }) },
)
const steps = fc.array(step, { minLength: 1, maxLength: 14 })

/** The two files after one call, and the boot in which it was made. */
interface Moment {
  readonly part: Buffer
  readonly journal: Buffer
  readonly bootId: string
  /** What was synced by then. */
  readonly syncedPart: Buffer
  /** Every content of the journal that may be on disk: the synced one and what came after. */
  readonly journals: readonly Buffer[]
}

function optionsFor(dir: TempDir, name: string, bootId: string): PartFileOptions {
  return {
    staged: { partPath: dir.join(`${name}.part`), journalPath: dir.join(`${name}.journal`) },
    identity: 'this file',
    sizeBytes: null,
    bootId,
    clock: manualClock(),
    syncTurn: createTurns(1),
    onBytes: () => {},
  }
}

/** Plays the steps and keeps what the disk looked like after every single call. */
async function play(dir: TempDir, story: readonly Step[]): Promise<readonly Moment[]> {
  let boot = 1
  const options = () => optionsFor(dir, 'file', `boot ${boot}`)
  const moments: Moment[] = []
  const stopWatching = await watchCalls(dir, options, moments)
  let { part } = await PartFile.open(options())
  const reopen = async (durably: boolean): Promise<void> => {
    await part.close({ durably })
    part = (await PartFile.open(options())).part
  }
  for (const next of story) {
    if (next.do === 'write') await part.write(next.index * BLOCK, [block(next.index)], BLOCK)
    else if (next.do === 'restart') await part.restart()
    else {
      if (next.do === 'reboot') boot += 1
      await reopen(next.do === 'sync')
    }
  }
  await part.close({ durably: false })
  stopWatching()
  return moments
}

/** Takes a picture of both files after each call that changes or syncs one of them. */
async function watchCalls(
  dir: TempDir,
  options: () => PartFileOptions,
  moments: Moment[],
): Promise<() => void> {
  const { partPath, journalPath } = options().staged
  let syncedPart: Buffer = Buffer.alloc(0)
  let journals: Buffer[] = []
  const picture = (handle: FileHandle, isSync: boolean): void => {
    const part = readIfThere(partPath)
    const journal = readIfThere(journalPath)
    if (isSync && isSameFile(handle, journalPath)) journals = []
    else if (isSync) syncedPart = part
    journals = [...journals, journal]
    moments.push({ part, journal, bootId: options().bootId ?? '', syncedPart, journals })
  }
  const probe = await open(dir.join('probe'), 'w')
  await probe.close()
  const handles = Object.getPrototypeOf(probe)
  const spies = (['writev', 'truncate', 'datasync'] as const).map((name) => {
    const original = handles[name]
    return vi.spyOn(handles, name).mockImplementation(async function (
      this: FileHandle,
      ...args: unknown[]
    ) {
      const result = await original.apply(this, args)
      picture(this, name === 'datasync')
      return result
    })
  })
  return () => {
    for (const spy of spies) spy.mockRestore()
  }
}

function readIfThere(path: string): Buffer {
  const there = statSync(path, { throwIfNoEntry: false })
  return there === undefined ? Buffer.alloc(0) : readFileSync(path)
}

function isSameFile(handle: FileHandle, path: string): boolean {
  return statSync(`/dev/fd/${handle.fd}`).ino === statSync(path, { throwIfNoEntry: false })?.ino
}

/** Opens what a crash left, compares every byte that is believed in with the truth, and goes on to the end. */
async function expectHonest(
  dir: TempDir,
  left: { readonly part: Buffer; readonly journal: Buffer },
  bootId: string,
): Promise<void> {
  const options = optionsFor(dir, 'left', bootId)
  await writeFile(options.staged.partPath, left.part)
  await writeFile(options.staged.journalPath, left.journal)
  const { part } = await PartFile.open(options)
  part.learnSize(SIZE)
  const missing = new Set<number>()
  for (let [hole] = part.missing(); hole !== undefined; [hole] = part.missing()) {
    const index = Math.floor(hole.start / BLOCK)
    missing.add(index)
    await part.write(index * BLOCK, [block(index)], BLOCK)
  }
  for (let index = 0; index < BLOCKS; index++) {
    if (missing.has(index)) continue
    const there = left.part.subarray(index * BLOCK, (index + 1) * BLOCK)
    expect(there.equals(block(index)), `block ${index} is really there`).toBe(true)
  }
  await part.confirm()
  await part.close({ durably: false })
}

function torn(older: Buffer, newer: Buffer, share: number): Buffer {
  const cut = Math.floor(share * newer.length)
  return Buffer.concat([newer.subarray(0, cut), older.subarray(cut)])
}

/** The story in which an erased claim would come back, were it not erased durably. */
const RESTARTED: Step[] = [
  { do: 'write', index: 0 },
  { do: 'sync' },
  { do: 'restart' },
  { do: 'write', index: 5 },
  { do: 'sync' },
]
const OLDEST = Array.from({ length: JOURNAL_PAGES }, (): [number, number, number] => [0, 0, 0])
const share = fc.double({ min: 0, max: 1, noNaN: true })
const hasFdFolder = statSync('/dev/fd', { throwIfNoEntry: false }) !== undefined

it('P3: believes in nothing that was not written, after whichever call a kill comes', {
  timeout: 60_000,
}, async ({ skip }) => {
  skip(!hasFdFolder, 'needs /dev/fd to tell files apart')
  const property = fc.asyncProperty(steps, share, async (story, cut) => {
    await using dir = await tempDir()
    let before: Pick<Moment, 'part' | 'journal'> = {
      part: Buffer.alloc(0),
      journal: Buffer.alloc(0),
    }
    for (const now of await play(dir, story)) {
      const part = torn(before.part, now.part, cut)
      const journal = torn(before.journal, now.journal, cut)
      await expectHonest(dir, { part, journal }, now.bootId)
      await expectHonest(dir, now, now.bootId)
      before = now
    }
  })
  await fc.assert(property, { numRuns: 60 })
})

it('P11: believes in nothing that was not synced, after whichever call the power goes', {
  timeout: 60_000,
}, async ({ skip }) => {
  skip(!hasFdFolder, 'needs /dev/fd to tell files apart')
  const page = fc.tuple(share, share, share)
  const pages = fc.array(page, { minLength: JOURNAL_PAGES, maxLength: JOURNAL_PAGES })
  const property = fc.asyncProperty(steps, pages, async (story, choices) => {
    await using dir = await tempDir()
    for (const now of await play(dir, story)) {
      const pick = (choice: number, index: number): Buffer => {
        const chosen = now.journals[Math.round(choice * (now.journals.length - 1))]
        return chosen?.subarray(index * SLOT_BYTES, (index + 1) * SLOT_BYTES) ?? Buffer.alloc(0)
      }
      const journal = Buffer.concat(
        choices.map(([one, other, cut], index) => torn(pick(one, index), pick(other, index), cut)),
      )
      // The length may have reached the disk without the bytes.
      const part = Buffer.alloc(Math.max(now.part.length, now.syncedPart.length))
      now.syncedPart.copy(part)
      await expectHonest(dir, { part, journal }, 'after the power cut')
    }
  })
  await fc.assert(property, { numRuns: 60, examples: [[RESTARTED, OLDEST]] })
})
