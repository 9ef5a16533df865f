import { describe, expect, it } from 'vitest'
import { encodeHubPath } from './encode-hub-path.ts'
import { createHubAddresses } from './hub-addresses.ts'

const DATASET = { repoType: 'dataset', repoId: 'org/name' } as const
const MODEL = { repoType: 'model', repoId: 'gpt2' } as const

describe('addresses', () => {
  it('are written as the Python client writes them', () => {
    const hub = createHubAddresses('http://localhost:8080/hf')
    expect(hub.info(DATASET, 'refs/pr/1').href).toBe(
      'http://localhost:8080/hf/api/datasets/org/name/revision/refs%2Fpr%2F1',
    )
    expect(hub.tree(MODEL, 'abc').href).toBe(
      'http://localhost:8080/hf/api/models/gpt2/tree/abc?recursive=true&expand=false',
    )
    expect(hub.file(DATASET, 'abc', 'a b/c#d').href).toBe(
      'http://localhost:8080/hf/datasets/org/name/resolve/abc/a%20b/c%23d',
    )
    expect(hub.page(MODEL)).toBe('http://localhost:8080/hf/gpt2')
  })

  it('keep an awful path whole', () => {
    expect(encodeHubPath('subfolder/to?/awful?filename%you:should,never.give')).toBe(
      'subfolder/to%3F/awful%3Ffilename%25you%3Ashould%2Cnever.give',
    )
    expect(encodeHubPath("~-_.!*'()é")).toBe('~-_.%21%2A%27%28%29%C3%A9')
  })

  it('are not made for an endpoint that is none', () => {
    for (const endpoint of ['mirror.example', 'ftp://mirror.example', '']) {
      expect(() => createHubAddresses(endpoint)).toThrowError(
        expect.objectContaining({ code: 'SETTINGS_INVALID' }),
      )
    }
  })
})

describe('origins that may see a token', () => {
  it('are the public ones for the public Hub', () => {
    for (const endpoint of ['https://huggingface.co', 'https://hf.co']) {
      const { origins } = createHubAddresses(endpoint)
      expect([...origins]).toEqual(['https://huggingface.co', 'https://hf.co'])
    }
  })

  it('are the mirror alone for a mirror', () => {
    expect([...createHubAddresses('http://m.example:81/x').origins]).toEqual([
      'http://m.example:81',
    ])
  })
})

describe('the next page', () => {
  const current = new URL('https://mirror.example/hf/api/models/a/b/tree/x')
  const { next } = createHubAddresses('https://mirror.example/hf')

  it('stays on the mirror when it names the public Hub', () => {
    expect(next('https://huggingface.co/api/models/a/b/tree/x?cursor=1', current)?.href).toBe(
      'https://mirror.example/hf/api/models/a/b/tree/x?cursor=1',
    )
    expect(next('?cursor=2', current)?.href).toBe(`${current.href}?cursor=2`)
  })

  it('is nowhere else', () => {
    expect(next('https://evil.example/api', current)).toBeNull()
    expect(next('http://mirror.example/hf/x', current)).toBeNull()
    expect(next('http://[', current)).toBeNull()
  })
})
