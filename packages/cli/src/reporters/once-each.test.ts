import type { WindlassEvent } from '@windlass/contract'
import { expect, it } from 'vitest'
import { onceEach } from './once-each.ts'

const notice = (code: 'NET_RESET' | 'NET_STALL', path: string): WindlassEvent => ({
  seq: 1,
  at: 0,
  type: 'download.noticed',
  data: { id: 'a', code, message: code, path },
})

it('tells what befalls many files at once only once, and again when it comes back', () => {
  const told: WindlassEvent[] = []
  let now = 0
  const reporter = onceEach(
    { event: (event) => void told.push(event), note() {}, close() {} },
    { monotonicMs: () => now },
  )
  const first = notice('NET_RESET', 'a.bin')
  const other = notice('NET_STALL', 'c.bin')
  for (const event of [first, notice('NET_RESET', 'b.bin'), other]) reporter.event(event)
  now = 10_000
  const later = notice('NET_RESET', 'd.bin')
  reporter.event(later)
  expect(told).toEqual([first, other, later])
})
