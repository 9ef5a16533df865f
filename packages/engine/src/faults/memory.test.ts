import { expect, it, vi } from 'vitest'
import { type ChildLine, startEngineChild } from './engine-child.fixture.ts'
import { expectPublished, MB, openFaultWorld, REPO } from './fault-world.fixture.ts'
import { isOver } from './killed-child.fixture.ts'

// Large bodies, one after the other: the memory of each is that of its own program.
vi.setConfig({ testTimeout: 120_000 })

/*
 * B19 of the catalogue: what a host sends must not decide how much memory is used. The most that
 * the kernel ever counted for a program is compared with what it had before the first answer.
 */

/** What the catalogue allows; a body that was collected would take many times as much. */
const ALLOWED_BYTES = 64 * 1024 * 1024

function growth(lines: readonly ChildLine[]): number {
  const peaks = lines.flatMap(({ peakBytes }) => (peakBytes === undefined ? [] : [peakBytes]))
  const [before = 0] = peaks
  expect(peaks.length).toBeGreaterThan(1)
  return (peaks.at(-1) ?? 0) - before
}

it.for([
  { what: 'packed a thousandfold', size: 300 * MB, gzip: true },
  { what: 'as long as it says', size: 300 * MB, gzip: false },
])('B19: metadata that is $what costs no memory', async ({ size, gzip }) => {
  await using world = await openFaultWorld()
  const match = { role: 'hub', path: '/tree/', method: 'GET' }
  world.hub.fault({ match, do: { status: 200, body: Buffer.alloc(size, ' '), gzip } })
  await using child = startEngineChild(world, { ref: REPO })
  expect(await child.until(isOver)).toMatchObject({ state: 'failed', code: 'METADATA_TOO_LARGE' })
  expect(growth(child.lines)).toBeLessThan(ALLOWED_BYTES)
  expect(world.asked()).toEqual([])
})

it('B19: a file of any size costs no memory, over as many connections as there may be', async () => {
  await using world = await openFaultWorld({ sizeBytes: 400 * MB })
  await using child = startEngineChild(world, { ref: REPO, connections: 8 })
  expect(await child.until(isOver)).toMatchObject({ state: 'completed' })
  await expectPublished(world)
  expect(growth(child.lines)).toBeLessThan(2 * ALLOWED_BYTES)
})
