import { expect, it } from 'vitest'
import { ConnectionGovernor } from './connection-governor.ts'

const KB_PER_MS = 1000

/** A host as it answers to a number of connections, watched for so many seconds. */
function watch(
  governor: ConnectionGovernor,
  bytesPerMs: (connections: number) => number,
  seconds: number,
  spare = 8,
  sizeBytes = Number.MAX_SAFE_INTEGER,
): number[] {
  const targets: number[] = []
  let arrivedBytes = 0
  for (let nowMs = 0; nowMs <= seconds * 1000; nowMs += 50) {
    const flowing = Math.min(governor.target, spare)
    const missingBytes = Math.max(0, sizeBytes - arrivedBytes)
    governor.observe({ nowMs, arrivedBytes, missingBytes, flowing })
    arrivedBytes += bytesPerMs(flowing) * 50
    if (targets.at(-1) !== governor.target) targets.push(governor.target)
  }
  return targets
}

it('doubles the connections within half a second, up to the limit', () => {
  const governor = new ConnectionGovernor({ start: 1, limit: 8, isTried: false, nowMs: 0 })
  expect(watch(governor, (count) => count * 20 * KB_PER_MS, 0.5)).toEqual([1, 2, 4, 8])
})

it('opens none for what is there within a second anyway', () => {
  const open = () => new ConnectionGovernor({ start: 1, limit: 8, isTried: false, nowMs: 0 })
  const pace = (count: number): number => count * 20 * KB_PER_MS
  expect(watch(open(), pace, 1, 8, 1_000 * 20 * KB_PER_MS)).toEqual([1])
  // Two have it within a second.
  expect(watch(open(), pace, 1, 8, 2_000 * 20 * KB_PER_MS)).toEqual([1, 2])
})

it('keeps all of them where each is capped by the host', () => {
  const governor = new ConnectionGovernor({ start: 1, limit: 8, isTried: false, nowMs: 0 })
  expect(watch(governor, (count) => count * 5 * KB_PER_MS, 50)).toEqual([1, 2, 4, 8, 4, 8])
})

it('goes back to one where more bring nothing', () => {
  const governor = new ConnectionGovernor({ start: 1, limit: 8, isTried: false, nowMs: 0 })
  expect(watch(governor, () => 10 * KB_PER_MS, 60)).toEqual([1, 2, 4, 8, 4, 2, 1])
  expect(governor.isContentWithOne).toBe(true)
})

it('tries no fewer again at a host where fewer were worse', () => {
  const governor = new ConnectionGovernor({ start: 8, limit: 8, isTried: true, nowMs: 0 })
  expect(watch(governor, (count) => count * 5 * KB_PER_MS, 50)).toEqual([8])
})

it('opens no second one when the first is as quick as a program can read', () => {
  const governor = new ConnectionGovernor({ start: 1, limit: 8, isTried: false, nowMs: 0 })
  expect(watch(governor, () => 500 * KB_PER_MS, 30)).toEqual([1])
  expect(governor.isContentWithOne).toBe(true)
})

it('asks for no more than it was given before it asks for more', () => {
  const governor = new ConnectionGovernor({ start: 1, limit: 8, isTried: false, nowMs: 0 })
  expect(watch(governor, (count) => count * 5 * KB_PER_MS, 10, 2)).toEqual([1, 2, 4])
})

it('stays with those that were let in', () => {
  const governor = new ConnectionGovernor({ start: 8, limit: 8, isTried: false, nowMs: 0 })
  governor.refused(3, 0)
  expect(watch(governor, (count) => count * KB_PER_MS, 200)).toEqual([3])
  governor.refused(0, 0)
  expect(governor.target).toBe(1)
})

it('waits longer each time before it replaces a connection that broke', () => {
  const governor = new ConnectionGovernor({ start: 2, limit: 8, isTried: false, nowMs: 0 })
  governor.broke(0)
  expect([governor.mayOpen(999), governor.mayOpen(1000)]).toEqual([false, true])
  governor.broke(1000)
  expect([governor.mayOpen(2999), governor.mayOpen(3000)]).toEqual([false, true])
})
