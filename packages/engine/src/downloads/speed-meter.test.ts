import { expect, it } from 'vitest'
import { SpeedMeter } from './speed-meter.ts'

it('tells the speed of the last five seconds', () => {
  const meter = new SpeedMeter()
  for (let ms = 0; ms <= 20_000; ms += 100) meter.add(ms < 10_000 ? 1_000_000 : 100_000, ms)
  expect(meter.bytesPerSecond(20_000)).toBeGreaterThan(900_000)
  expect(meter.bytesPerSecond(20_000)).toBeLessThan(1_100_000)
})

it('falls to zero when nothing moves', () => {
  const meter = new SpeedMeter()
  meter.add(5_000_000, 0)
  meter.add(5_000_000, 1_000)
  expect(meter.bytesPerSecond(3_000)).toBeGreaterThan(0)
  expect(meter.bytesPerSecond(6_100)).toBe(0)
})
