import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createRandomBytes, readBytes, sha256OfRandomBytes } from '@windlass/testkit'
import { expect } from 'vitest'
import type { Engine } from '../engine.ts'
import { type FaultWorld, MB, REPO, receives } from './fault-world.fixture.ts'

const BLOCK = 4096
/** Each connection may end within a block. */
const LOOSE_ENDS = 20

/** The bytes that are kept are the right ones, and nothing is under the final name. */
export async function expectKept(world: FaultWorld, id: string, bytes: number): Promise<void> {
  expect(existsSync(world.final)).toBe(false)
  const blocks = await keptBlocks(world, id)
  expect(blocks.filter((is) => is === 'wrong')).toEqual([])
  const kept = blocks.filter((is) => is === 'right').length * BLOCK
  expect(kept).toBeGreaterThanOrEqual(bytes - BLOCK * LOOSE_ENDS)
}

/** What each whole block of the part file holds. */
export async function keptBlocks(
  world: FaultWorld,
  id: string,
): Promise<('right' | 'hole' | 'wrong')[]> {
  const there = await readFile(await partOf(world, id))
  const right = readBytes(createRandomBytes('weights', world.sizeBytes))
  const hole = Buffer.alloc(BLOCK)
  const count = Math.floor(Math.min(there.length, right.length) / BLOCK)
  return Array.from({ length: count }, (_, index) => {
    const block = there.subarray(index * BLOCK, (index + 1) * BLOCK)
    if (block.equals(right.subarray(index * BLOCK, (index + 1) * BLOCK))) return 'right'
    // A piece that ends within the block leaves it half a hole.
    return block.includes(hole.subarray(0, 64)) ? 'hole' : 'wrong'
  })
}

export async function partOf(world: FaultWorld, id: string): Promise<string> {
  const sha256 = await sha256OfRandomBytes({ seed: 'weights', sizeBytes: world.sizeBytes })
  return join(world.repo, '.windlass', id, `${sha256}.part`)
}

/** A download that was paused with some of its bytes there, and how many. */
export async function pausedInTheMiddle(
  world: FaultWorld,
  engine: Engine,
): Promise<{ readonly id: string; readonly kept: number }> {
  world.hub.setCdnRate(5 * MB)
  const { download } = await engine.downloads.create({ ref: REPO })
  await receives(engine, download.id, 3 * MB)
  const paused = await engine.downloads.pause(download.id)
  world.hub.setCdnRate(undefined)
  world.hub.clearLog()
  return { id: download.id, kept: paused.progress.receivedBytes }
}

/** No block that was there was sent again, over however many connections. */
export function expectNoBlockTwice(world: FaultWorld, blocks: readonly string[]): void {
  const sentAgain = world.hub.log
    .filter(({ role }) => role === 'cdn')
    .flatMap(({ range, bytesSent }) => {
      const start = Number(/=(\d+)-/.exec(range ?? '')?.[1] ?? 0)
      const [first, last] = [Math.ceil(start / BLOCK), Math.floor((start + bytesSent) / BLOCK)]
      return blocks.slice(first, last).filter((is) => is === 'right')
    })
  expect(sentAgain).toEqual([])
}

/** Everything that was asked for after `kept` bytes were there: exactly what was missing. */
export function expectNoByteTwice(world: FaultWorld, kept: number): void {
  const asked = world.asked().reduce((sum, [start, end]) => sum + end - start, 0)
  expect(asked).toBe(world.sizeBytes - kept)
  expect(Math.min(...world.asked().map(([start]) => start))).toBeGreaterThanOrEqual(kept)
}

export async function digestOf(world: FaultWorld): Promise<string> {
  return await sha256OfRandomBytes({ seed: 'weights', sizeBytes: world.sizeBytes })
}

/** Root may write wherever permission bits forbid it, but not in an immutable folder. */
export function forbidWriting(folder: string): () => void {
  const isRoot = process.getuid?.() === 0
  const [program, forbid, allow] = isRoot ? ['chattr', '+i', '-i'] : ['chmod', 'a-w', 'u+w']
  execFileSync(program, [forbid, folder])
  let isForbidden = true
  return () => {
    if (isForbidden) execFileSync(program, [allow, folder])
    isForbidden = false
  }
}
