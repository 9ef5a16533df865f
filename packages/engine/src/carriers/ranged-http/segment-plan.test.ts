import fc from 'fast-check'
import { expect, it } from 'vitest'
import { addRange, type ByteRanges, countBytes } from './byte-ranges.ts'
import { type Segment, SegmentPlan } from './segment-plan.ts'

const MIB = 1024 * 1024

function planOf(missing: ByteRanges) {
  const time = { nowMs: 0 }
  const plan = new SegmentPlan({ missing, monotonicMs: () => time.nowMs })
  const take = (connections: number, bytesPerMs: number | null = null): Segment => {
    const segment = plan.take({ isAlone: connections === 1, bytesPerMs })
    if (segment === null) expect.unreachable('nothing to take')
    return segment
  }
  return { plan, time, take }
}

/** What the random schedule does next, to which connection, and with how many bytes or milliseconds. */
const STEP = fc.record({
  what: fc.constantFrom('take', 'arrive', 'arrive', 'arrive', 'extend', 'fail', 'wait'),
  connection: fc.nat(7),
  amount: fc.nat(),
})
const HOLES = fc.array(fc.tuple(fc.nat(200 * MIB), fc.nat(90 * MIB)), {
  minLength: 1,
  maxLength: 5,
})

it('covers every missing byte exactly once, whatever fails and whoever takes over', () => {
  fc.assert(
    fc.property(HOLES, fc.array(STEP, { maxLength: 200 }), (holes, steps) => {
      const missing = holes.reduce<ByteRanges>(
        (ranges, [start, bytes]) => addRange(ranges, { start, end: start + bytes }),
        [],
      )
      const { plan, time } = planOf(missing)
      const lanes = new Map<number, Segment>()
      let arrived: ByteRanges = []
      const receive = (segment: Segment, bytes: number): void => {
        const start = segment.position
        plan.arrived(segment, bytes)
        const before = countBytes(arrived)
        arrived = addRange(arrived, { start, end: start + bytes })
        // Not one byte arrives twice.
        expect(countBytes(arrived)).toBe(before + bytes)
      }
      const work = (connection: number): Segment | null => {
        const known = lanes.get(connection)
        if (known !== undefined) return known
        const taken = plan.take({ isAlone: lanes.size === 0, bytesPerMs: null })
        if (taken !== null) lanes.set(connection, taken)
        return taken
      }
      for (const { what, connection, amount } of steps) {
        time.nowMs += 1
        const segment = work(connection)
        if (what === 'wait') time.nowMs += amount % 20_000
        if (segment === null) continue
        if (what === 'arrive') receive(segment, amount % (segment.end - segment.position + 1))
        if (what === 'extend') plan.extend(segment)
        if (what === 'fail' || segment.position === segment.end) {
          plan.release(segment)
          lanes.delete(connection)
        }
        const { free, active } = plan.outstanding
        const all = [...free.map(({ start, end }) => ({ position: start, end })), ...active]
        const total = all.reduce((sum, one) => sum + one.end - one.position, 0)
        expect(total + countBytes(arrived)).toBe(countBytes(missing))
      }
      for (const segment of lanes.values()) plan.release(segment)
      for (;;) {
        const segment = plan.take({ isAlone: false, bytesPerMs: null })
        if (segment === null) break
        receive(segment, segment.end - segment.position)
        plan.release(segment)
      }
      expect(arrived).toEqual(missing)
    }),
  )
})

it('gives a single connection everything in one piece', () => {
  const { take } = planOf([{ start: 0, end: 2048 * MIB }])
  expect(take(1)).toMatchObject({ position: 0, end: 2048 * MIB })
})

it('leaves a connection that worked alone its next few bytes, and gives the others what follows', () => {
  const { plan, take } = planOf([{ start: 0, end: 512 * MIB }])
  const first = take(1)
  plan.arrived(first, 8 * MIB)
  const second = take(2)
  const third = take(3)
  expect(first.end).toBe(12 * MIB)
  expect(second).toMatchObject({ position: 12 * MIB, end: 28 * MIB })
  expect(third.position).toBe(28 * MIB)
})

it('lets a connection go on into bytes that nobody took, and no further', () => {
  const { plan, take } = planOf([{ start: 0, end: 64 * MIB }])
  const first = take(1)
  const second = take(2)
  const third = take(3)
  plan.release(second)
  expect(plan.extend(first)).toBe(true)
  while (plan.extend(first));
  expect(first.end).toBe(third.position)
  expect(plan.extend(first)).toBe(false)
})

it('gives a quick connection larger segments, so that it asks rarely', () => {
  const { take } = planOf([{ start: 0, end: 4096 * MIB }])
  take(2, null)
  const quick = take(2, (20 * MIB) / 1000)
  expect(quick.end - quick.position).toBeGreaterThan(50 * MIB)
})

it('shares the last segment by what each of two connections can bring', () => {
  const { plan, time, take } = planOf([{ start: 0, end: 8 * MIB }])
  const slow = take(1)
  time.nowMs = 1000
  plan.arrived(slow, MIB)
  const cuts: number[] = []
  slow.onCut = () => cuts.push(slow.end)
  // Three times as quick: it takes three quarters of what is left.
  const quick = take(2, (3 * MIB) / 1000)
  expect(slow.end / MIB).toBeCloseTo(1 + 7 / 4, 1)
  expect(quick).toMatchObject({ position: slow.end, end: 8 * MIB })
  expect(cuts).toEqual([slow.end])
})

it('does not share what is about to be there anyway', () => {
  const { plan, time, take } = planOf([{ start: 0, end: 8 * MIB }])
  const only = take(2)
  const rest = take(2)
  time.nowMs = 1000
  plan.arrived(only, 3 * MIB)
  plan.arrived(rest, 4 * MIB)
  expect(plan.take({ isAlone: false, bytesPerMs: MIB / 1000 })).toBeNull()
})

it('takes all from a connection that stalls, also while there is other work', () => {
  const { plan, time, take } = planOf([{ start: 0, end: 64 * MIB }])
  const stalled = take(2)
  const other = take(2)
  plan.arrived(stalled, MIB)
  time.nowMs = 5_001
  plan.arrived(other, 4 * MIB)
  plan.release(other)
  const next = take(2, (4 * MIB) / 5000)
  expect(stalled.end).toBe(MIB)
  expect(next.position).toBe(MIB)
})

it('does not take a connection that has not answered yet for a slow one', () => {
  const { plan, time, take } = planOf([{ start: 0, end: 8 * MIB }])
  take(2)
  const answered = take(2)
  time.nowMs = 2_000
  plan.arrived(answered, 4 * MIB)
  plan.release(answered)
  expect(plan.take({ isAlone: false, bytesPerMs: (2 * MIB) / 1000 })).toBeNull()
})
