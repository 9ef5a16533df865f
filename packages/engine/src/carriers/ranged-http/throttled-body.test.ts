import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { readBytes } from '@windlass/testkit'
import { expect, it } from 'vitest'
import type { Throttle } from '../../net/bandwidth/throttle.ts'
import { StopRequest } from '../../runtime/stop-request.ts'
import { openCarrierFixture } from './carrier-fixture.ts'

const SIZE = 3_000_000

/** Holds each body back once, after its first bytes. */
function holding(hold: () => Promise<void>): Throttle & { readonly counted: () => number } {
  let counted = 0
  return {
    counted: () => counted,
    open() {
      let held = false
      return {
        pieceBytes: 64 * 1024,
        take(bytes) {
          counted += bytes
          if (held) return null
          held = true
          return hold()
        },
        close() {},
      }
    },
  }
}

it('takes a body that its limit holds back for no stalled one', async () => {
  await using f = await openCarrierFixture({ sizeBytes: SIZE, bodyTimeoutMs: 300 })
  // Twice as long as nothing may come, on the timers of the HTTP client itself.
  const throttle = holding(() => delay(1500))
  await f.transfer({ throttle })
  const there = await readFile(f.staged.partPath)
  expect(there.equals(await readBytes(f.bytes))).toBe(true)
  expect(throttle.counted()).toBe(SIZE)
  expect(f.log.filter(({ role }) => role === 'cdn')).toHaveLength(1)
})

it('is stopped at once while its limit holds it back, and keeps what came', async () => {
  await using f = await openCarrierFixture({ sizeBytes: SIZE })
  const controller = new AbortController()
  const { promise: isHeld, resolve } = Promise.withResolvers<void>()
  const throttle = holding(() => {
    resolve()
    return new Promise(() => {})
  })
  const transfer = f.transfer({ throttle }, controller.signal)
  await isHeld
  const reason = new StopRequest('pause')
  controller.abort(reason)
  await expect(transfer).rejects.toBe(reason)
  expect(f.progress.at(-1)).toBeGreaterThan(0)
})
