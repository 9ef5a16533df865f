import { expect, it } from 'vitest'
import { SpeedWindow } from './speed-window.ts'

it('is zero when nothing moves', () => {
  const speed = new SpeedWindow()
  expect(speed.bytesPerSecond(0)).toBe(0)
  speed.add(0, 0)
  speed.add(1000, 1000)
  expect(speed.bytesPerSecond(1000)).toBe(1000)
  expect(speed.bytesPerSecond(2000)).toBe(500)
  expect(speed.bytesPerSecond(6001)).toBe(0)
})

it('is never negative when a file begins again', () => {
  const speed = new SpeedWindow()
  speed.add(0, 1000)
  speed.add(1000, 0)
  speed.add(2000, 100)
  expect(speed.bytesPerSecond(2000)).toBe(100)
})
