import { expect, it } from 'vitest'
import { freeChunk } from './free-chunk.ts'

it('empties a chunk that has its memory for itself', () => {
  const chunk = Buffer.allocUnsafeSlow(64 * 1024)
  freeChunk(chunk)
  expect(chunk.length).toBe(0)
  expect(() => freeChunk(chunk)).not.toThrow()
})

it('leaves a chunk alone whose memory others share', () => {
  const whole = Buffer.allocUnsafeSlow(1000).fill(7)
  freeChunk(whole.subarray(0, 999))
  freeChunk(whole.subarray(1))
  freeChunk(Buffer.from('pooled'))
  expect(whole.every((byte) => byte === 7)).toBe(true)
  const shared = Buffer.from(new SharedArrayBuffer(10))
  freeChunk(shared)
  expect(shared.length).toBe(10)
})
