import fc from 'fast-check'
import { expect, it } from 'vitest'
import { renderBar } from './render-bar.ts'

it('is exactly as wide as asked, and full only at the end', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 99.999, noNaN: true }),
      fc.integer({ min: 1, max: 80 }),
      (percent, width) => {
        const bar = renderBar(percent, width)
        expect(bar).toHaveLength(width)
        expect(bar).not.toBe('█'.repeat(width))
      },
    ),
  )
  expect(renderBar(100, 10)).toBe('█'.repeat(10))
  expect(renderBar(null, 4)).toBe('░░░░')
})
