import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cutEnd, cutMiddle, cutPath, displayWidth, pad } from './display-width.ts'
import { printable } from './printable.ts'

const someText = fc.string({ unit: 'grapheme', maxLength: 60 }).map(printable)

describe('displayWidth', () => {
  it('counts columns, not characters', () => {
    expect(displayWidth('abc')).toBe(3)
    expect(displayWidth('日本語')).toBe(6)
    expect(displayWidth('ｆｕｌｌ')).toBe(8)
    expect(displayWidth('한글')).toBe(4)
    expect(displayWidth('e\u0301')).toBe(1)
    expect(displayWidth('🤗')).toBe(2)
    expect(displayWidth('👩‍🔬')).toBe(2)
  })
})

describe('cutting', () => {
  it('keeps the end of a file name, which tells files apart', () => {
    expect(cutMiddle('model-00001-of-00002.safetensors', 20)).toBe('model-0….safetensors')
  })

  it('cuts the folders of a path before its name', () => {
    expect(cutPath('text_encoder/model-01.bin', 25)).toBe('text_encoder/model-01.bin')
    expect(cutPath('text_encoder/model-01.bin', 18)).toBe('text…/model-01.bin')
    expect(cutPath('text_encoder/model-01.bin', 14)).toBe('…/model-01.bin')
    expect(cutPath('text_encoder/model-01.bin', 10)).toBe('mod…01.bin')
  })

  it('keeps the beginning when it cuts at the end', () => {
    expect(cutEnd('a long sentence', 8)).toBe('a long …')
  })

  it('never passes the width and leaves what fits alone', () => {
    fc.assert(
      fc.property(someText, fc.nat({ max: 70 }), (text, width) => {
        for (const cut of [cutMiddle, cutEnd, cutPath]) {
          const result = cut(text, width)
          expect(displayWidth(result)).toBeLessThanOrEqual(width)
          if (displayWidth(text) <= width) expect(result).toBe(text)
        }
      }),
    )
  })
})

it('pads by columns, on either side', () => {
  expect(pad('日', 4)).toBe('日  ')
  expect(pad('12', -4)).toBe('  12')
  expect(pad('too long', 3)).toBe('too long')
})
