import { describe, expect, it } from 'vitest'
import { selectQuantization } from './select-quantization.ts'

const pick = (paths: readonly string[], wanted: string) =>
  selectQuantization(
    paths.map((path) => ({ path })),
    wanted,
    'org/name',
  ).map(({ path }) => path)

const REPO = [
  'README.md',
  'model-Q4_K.gguf',
  'model-Q4_K_M.gguf',
  'model.IQ4_XS.gguf',
  'model-q8_0-00001-of-00002.gguf',
  'model-q8_0-00002-of-00002.gguf',
  'BF16/model-BF16-00001-of-00001.gguf',
  'Q6_K/model-00001-of-00002.gguf',
  'Q6_K/model-00002-of-00002.gguf',
  'model-UD-Q4_K_XL.gguf',
  'imatrix.gguf',
]

describe('a quantisation', () => {
  it.each([
    ['Q4_K', ['model-Q4_K.gguf']],
    ['Q4_K_M', ['model-Q4_K_M.gguf']],
    ['q4_k_m', ['model-Q4_K_M.gguf']],
    ['IQ4_XS', ['model.IQ4_XS.gguf']],
    ['Q8_0', ['model-q8_0-00001-of-00002.gguf', 'model-q8_0-00002-of-00002.gguf']],
    ['BF16', ['BF16/model-BF16-00001-of-00001.gguf']],
    ['Q6_K', ['Q6_K/model-00001-of-00002.gguf', 'Q6_K/model-00002-of-00002.gguf']],
    ['UD-Q4_K_XL', ['model-UD-Q4_K_XL.gguf']],
    ['Q4_K_XL', ['model-UD-Q4_K_XL.gguf']],
  ])('%s is %j', (wanted, expected) => {
    expect(pick(REPO, wanted)).toEqual(expected)
  })

  it('prefers the plain one to the dynamic one', () => {
    expect(pick(['m-UD-Q4_K_XL.gguf', 'm-Q4_K_XL.gguf'], 'Q4_K_XL')).toEqual(['m-Q4_K_XL.gguf'])
  })

  it('is found in front of other words, and of names that nobody knows', () => {
    expect(pick(['m.Q4_K_M_chat.gguf', 'm.Q4_K_chat.gguf'], 'Q4_K_M')).toEqual([
      'm.Q4_K_M_chat.gguf',
    ])
    expect(pick(['m-EXL9.gguf', 'm-EXL99.gguf'], 'EXL9')).toEqual(['m-EXL9.gguf'])
  })

  it('that is not there is refused with those that are', () => {
    for (const wanted of ['Q4', 'K_M', 'Q4_K_MM', 'MODEL-Q4_K_X']) {
      expect(() => pick(REPO, wanted)).toThrowError(
        expect.objectContaining({
          code: 'NOTHING_SELECTED',
          message: expect.stringContaining('BF16, IQ4_XS, Q4_K, Q4_K_M, Q6_K, Q8_0, UD-Q4_K_XL'),
        }),
      )
    }
    expect(() => pick(['a.bin'], 'Q4_K')).toThrowError(/no \.gguf file/)
  })
})

describe('a projector', () => {
  it('comes along, once, in the usual precision', () => {
    const repo = ['m-Q4_K.gguf', 'mmproj-m-F32.gguf', 'mmproj-m-f16.gguf', 'mmproj-m-Q4_K.gguf']
    expect(pick(repo, 'Q4_K')).toEqual(['m-Q4_K.gguf', 'mmproj-m-f16.gguf'])
    expect(pick(['m-Q4_K.gguf', 'm.mmproj.gguf'], 'Q4_K')).toHaveLength(2)
  })

  it('is no model', () => {
    expect(() => pick(['mmproj-F16.gguf'], 'F16')).toThrowError(
      expect.objectContaining({ code: 'NOTHING_SELECTED' }),
    )
  })
})
