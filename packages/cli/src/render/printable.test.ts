import fc from 'fast-check'
import { expect, it } from 'vitest'
import { printable } from './printable.ts'

it('leaves ordinary names alone, in any script', () => {
  for (const name of [
    'model-00001-of-00002.safetensors',
    'naïve café',
    '日本語',
    'モデル 🤗',
    'नमस्ते',
  ]) {
    expect(printable(name)).toBe(name)
  }
})

it('takes away what could steer a terminal or turn a name around', () => {
  expect(printable('a\u001b[31mb')).toBe('a\ufffd[31mb')
  expect(printable('a\nb\rc\td')).toBe('a\ufffdb\ufffdc\ufffdd')
  expect(printable('csi\u009b2J')).toBe('csi\ufffd2J')
  expect(printable('exe\u202efdp')).toBe('exe\ufffdfdp')
  expect(printable('a\u2028b\u200bc\ufeffd')).toBe('a\ufffdb\ufffdc\ufffdd')
})

it('never lets a control character through', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(printable(text)).not.toMatch(/\p{Cc}|\p{Zl}|\p{Zp}|\p{Bidi_Control}|\p{Surrogate}/u)
    }),
  )
})
