import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { requireContainedPath } from '../../selection/safe-path.ts'
import { formatHubRef, isHubRepoId, isRevision } from './hub-ref.ts'
import { parseHubRef } from './parse-hub-ref.ts'

const ENDPOINT = 'https://huggingface.co'
const SHA = 'a'.repeat(40)

function canonical(text: string, revision?: string, endpoint = ENDPOINT): string | null {
  const ref = parseHubRef(text, { endpoint, revision })
  return ref === null ? null : formatHubRef(ref)
}

const invalid = expect.objectContaining({ code: 'REF_INVALID' })

function isContained(path: string): boolean {
  try {
    requireContainedPath(path)
    return true
  } catch {
    return false
  }
}

describe('every form', () => {
  it.each([
    ['org/name', 'hf://models/org/name@main'],
    ['org/name@v1.0', 'hf://models/org/name@v1.0'],
    ['org/name@refs/pr/1', 'hf://models/org/name@refs/pr/1'],
    ['org/name@refs%2Fpr%2F1', 'hf://models/org/name@refs/pr/1'],
    ['org/name@feature/x', 'hf://models/org/name@feature%2Fx'],
    [`org/name@${SHA.toUpperCase()}`, `hf://models/org/name@${SHA}`],
    ['org/name:Q4_K_M', 'hf://models/org/name@main:Q4_K_M'],
    ['org/name:q4_k_m', 'hf://models/org/name@main:Q4_K_M'],
    ['org/name@v1:Q8_0', 'hf://models/org/name@v1:Q8_0'],
    ['org/name:Q8_0@v1', 'hf://models/org/name@v1:Q8_0'],
    ['datasets/org/name', 'hf://datasets/org/name@main'],
    ['datasets/squad', 'hf://datasets/squad@main'],
    ['spaces/org/name@dev', 'hf://spaces/org/name@dev'],
    ['models/org/name', 'hf://models/org/name@main'],
    ['Org-1/na.me_2', 'hf://models/Org-1/na.me_2@main'],
    ['hf://gpt2', 'hf://models/gpt2@main'],
    ['HF://gpt2', 'hf://models/gpt2@main'],
    ['hf://gpt2@v1/config.json', 'hf://models/gpt2@v1/config.json'],
    ['hf://org/name', 'hf://models/org/name@main'],
    ['hf://org/name/', 'hf://models/org/name@main'],
    ['hf://models/org/name', 'hf://models/org/name@main'],
    ['hf://datasets/org/name@v1/train/', 'hf://datasets/org/name@v1/train/'],
    ['hf://org/name/sub/file@2x.png', 'hf://models/org/name@main/sub/file@2x.png'],
    ['hf://org/name@refs/pr/10/a/b', 'hf://models/org/name@refs/pr/10/a/b'],
    ['hf://org/name@refs/convert/parquet/a', 'hf://models/org/name@refs/convert/parquet/a'],
    ['hf://org/name@feature%2Fx/a b#c%20?', 'hf://models/org/name@feature%2Fx/a b#c%20?'],
    ['hf://org/name:Q4_0', 'hf://models/org/name@main:Q4_0'],
    ['hf://org/name@refs/pr/1:Q4_0', 'hf://models/org/name@refs/pr/1:Q4_0'],
    ['https://huggingface.co/org/name', 'hf://models/org/name@main'],
    ['http://HF.co/org/name/', 'hf://models/org/name@main'],
    ['https://huggingface.co/gpt2', 'hf://models/gpt2@main'],
    ['https://huggingface.co/gpt2/blob/main/a.json', 'hf://models/gpt2@main/a.json'],
    ['https://huggingface.co/org/name?library=x#usage', 'hf://models/org/name@main'],
    ['https://huggingface.co/datasets/org/name', 'hf://datasets/org/name@main'],
    ['https://huggingface.co/datasets/squad', 'hf://datasets/squad@main'],
    ['https://huggingface.co/spaces/org/name/tree/dev', 'hf://spaces/org/name@dev'],
    ['https://huggingface.co/org/name/tree/main/sub/x', 'hf://models/org/name@main/sub/x/'],
    ['https://huggingface.co/org/name/blob/v1/a%20b%23.txt', 'hf://models/org/name@v1/a b#.txt'],
    [
      'https://huggingface.co/org/name/resolve/main/m.bin?download=true',
      'hf://models/org/name@main/m.bin',
    ],
    ['https://huggingface.co/org/name/raw/main/a', 'hf://models/org/name@main/a'],
    ['https://huggingface.co/org/name/tree/refs%2Fpr%2F1', 'hf://models/org/name@refs/pr/1'],
    ['https://huggingface.co/org/name/tree/refs/pr/1/sub', 'hf://models/org/name@refs/pr/1/sub/'],
    ['https://huggingface.co/org/name/blob/feature%2Fx/a', 'hf://models/org/name@feature%2Fx/a'],
    ['https://huggingface.co/org/tree', 'hf://models/org/tree@main'],
    ['huggingface.co/org/name', 'hf://models/org/name@main'],
    ['hf.co/org/name:Q4_K_M', 'hf://models/org/name@main:Q4_K_M'],
    ['hf.co/gpt2', 'hf://models/gpt2@main'],
  ])('%s is %s', (text, expected) => {
    expect(canonical(text)).toBe(expected)
    expect(canonical(expected)).toBe(expected)
  })

  it.each([
    ['http://localhost:8080/hf/org/name', 'hf://models/org/name@main'],
    ['http://localhost:8080/hf/datasets/o/n/blob/x/y', 'hf://datasets/o/n@x/y'],
    ['https://huggingface.co/org/name', 'hf://models/org/name@main'],
    ['http://localhost:8080/elsewhere/org/name', null],
    ['http://localhost:9090/hf/org/name', null],
  ])('%s with a mirror is %s', (text, expected) => {
    expect(canonical(text, undefined, 'http://localhost:8080/hf')).toBe(expected)
  })
})

describe('a text for somebody else', () => {
  it.each([
    'gpt2',
    'not a reference of any kind',
    './org/name',
    '../name',
    '/org/name',
    'a/b/c',
    'org/name extra',
    'C:/models/x',
    'https://example.org/org/name',
    'https://civitai.com/models/1',
    'https://huggingface.co.evil.example/org/name',
    'ftp://huggingface.co/org/name',
    'urn:air:sdxl:model:civitai:1@2',
    'civitai:1@2',
    'ytdlp:https://example.org/x/y',
    'user@host/path',
    'constructor/x/y',
    '',
  ])('is left alone: %s', (text) => {
    expect(canonical(text)).toBeNull()
  })
})

describe('a text for the Hub that makes no sense', () => {
  it.each([
    'org/na--me',
    'org/na..me',
    'org/name.git',
    '-org/name',
    `org/${'n'.repeat(97)}`,
    'org/name@',
    'org/name@a..b',
    'org/name@a b',
    'org/name@%',
    'org/name:',
    'org/name:a/b',
    'hf://',
    'hf://models',
    'hf://model/org/name',
    'hf://buckets/org/name',
    'hf://org//name',
    'hf://org/name@main/../x',
    'hf://org/name@main/a//b',
    'hf://org/name/C:x',
    'hf://org/name@v1:Q4/a',
    'hf://org/name:Q4@v1:Q5',
    'https://huggingface.co/',
    'https://huggingface.co/docs/hub/index',
    'https://huggingface.co/datasets',
    'https://huggingface.co/api/models/org/name',
    'https://huggingface.co/org/name/discussions/1',
    'https://huggingface.co/org/name/blob/main/%zz',
    'https://huggingface.co/org/name/resolve/main/a%2F..%2F..%2Fb',
  ])('is refused: %s', (text) => {
    expect(() => canonical(text)).toThrowError(invalid)
  })

  it('is shown in the error, but not at any length', () => {
    const text = `org/${'n'.repeat(5000)}`
    expect(() => canonical(text)).toThrowError(/^.{0,400}$/)
  })
})

describe('a revision beside the text', () => {
  it('is taken when the text names none, as it is', () => {
    expect(canonical('org/name', 'feature/x')).toBe('hf://models/org/name@feature%2Fx')
    expect(canonical('hf://org/name/a', 'v1')).toBe('hf://models/org/name@v1/a')
    expect(canonical('org/name', '100%')).toBe('hf://models/org/name@100%25')
  })

  it('may repeat what the text says, and not contradict it', () => {
    expect(canonical('org/name@v1', 'v1')).toBe('hf://models/org/name@v1')
    expect(() => canonical('org/name@v1', 'v2')).toThrowError(invalid)
    expect(() => canonical('https://hf.co/o/n/tree/main', 'v2')).toThrowError(invalid)
    expect(() => canonical('org/name', '../x')).toThrowError(invalid)
  })
})

describe('the canonical text', () => {
  const word = fc.string({
    unit: fc.constantFrom(...'abcXYZ019._-'),
    minLength: 1,
    maxLength: 12,
  })
  const repoId = fc
    .oneof(
      word,
      fc.tuple(word, word).map((pair) => pair.join('/')),
    )
    .filter(isHubRepoId)
    .filter((id) => !/^(?:(?:model|dataset|space)s?|kernels?|buckets?)(?:\/|$)/.test(id))
  const revision = fc
    .oneof(
      fc.string({ unit: fc.constantFrom(...'ab/@%&+#é.1-'), minLength: 1, maxLength: 14 }),
      fc.constantFrom('main', 'refs/pr/7', 'refs/pr/7x', 'refs/convert/parquet', SHA),
    )
    .filter(isRevision)
  const path = fc
    .array(fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }), {
      minLength: 1,
      maxLength: 3,
    })
    .map((names) => names.join('/'))
    .filter(isContained)
    .chain((names) => fc.constantFrom(names, `${names}/`))
  const place = fc.oneof(
    fc.record({ path, quantization: fc.constant(null) }),
    fc.record({
      path: fc.constant(null),
      quantization: fc.option(fc.constantFrom('Q4_K_M', 'UD-Q2_K_XL', 'BF16')),
    }),
  )

  it('reads back to the same ref', () => {
    const repoType = fc.constantFrom('model', 'dataset', 'space')
    fc.assert(
      fc.property(repoType, repoId, revision, place, (type, id, rev, where) => {
        const ref = { repoType: type, repoId: id, revision: rev, ...where }
        const text = formatHubRef(ref)
        const read = parseHubRef(text, { endpoint: ENDPOINT })
        expect(read).toEqual(ref)
        expect(read === null ? null : formatHubRef(read)).toBe(text)
      }),
      { numRuns: 3000 },
    )
  })
})

it('reading is total: any text is a ref, nothing, or REF_INVALID', () => {
  const unit = fc.constantFrom('hf://', 'https://hf.co/', 'a', '/', '@', ':', '%', '..', '?', '[')
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 10 }), (text) => {
      try {
        canonical(text)
      } catch (error) {
        expect(error).toEqual(invalid)
      }
    }),
    { numRuns: 3000 },
  )
})
