import { expect, it } from 'vitest'
import { FairQueue } from './fair-queue.ts'

const item = (lane: string, bytes = 10) => ({ lane, bytes })

it('gives each lane the same bytes, however large its portions and long its line', () => {
  const queue = new FairQueue<{ lane: string; bytes: number }>()
  const served = new Map<string, number>()
  for (let n = 0; n < 200; n++) queue.add(item('many small', 5))
  for (let n = 0; n < 20; n++) queue.add(item('few large', 50))
  for (let bytes = 0; bytes < 1000; ) {
    const next = queue.next()
    if (next === null) break
    bytes += next.bytes
    served.set(next.lane, (served.get(next.lane) ?? 0) + next.bytes)
  }
  expect(Math.abs((served.get('many small') ?? 0) - (served.get('few large') ?? 0))).toBeLessThan(
    100,
  )
})

it('lets nobody make up for the time it was away', () => {
  const queue = new FairQueue<{ lane: string; bytes: number }>()
  for (let n = 0; n < 100; n++) queue.add(item('a'))
  for (let n = 0; n < 50; n++) queue.next()
  for (let n = 0; n < 50; n++) queue.add(item('late'))
  const next = Array.from({ length: 20 }, () => queue.next()?.lane)
  expect(next.filter((lane) => lane === 'late')).toHaveLength(10)
})

it('does not let a lane that comes back at once go first again', () => {
  const queue = new FairQueue<{ lane: string; bytes: number }>()
  for (let n = 0; n < 100; n++) queue.add(item('long line'))
  const next: (string | undefined)[] = []
  for (let n = 0; n < 20; n++) {
    if (n % 2 === 0) queue.add(item('one at a time'))
    next.push(queue.next()?.lane)
  }
  expect(next.filter((lane) => lane === 'one at a time')).toHaveLength(10)
})

it('keeps the order within a lane, and forgets who was removed', () => {
  const queue = new FairQueue<{ lane: string; bytes: number; n: number }>()
  const items = [1, 2, 3].map((n) => ({ ...item('a'), n }))
  for (const each of items) queue.add(each)
  const [, second] = items
  expect(second !== undefined && queue.remove(second)).toBe(true)
  expect(second !== undefined && queue.remove(second)).toBe(false)
  expect([queue.next()?.n, queue.next()?.n, queue.next()]).toEqual([1, 3, null])
  expect(queue.size).toBe(0)
})
